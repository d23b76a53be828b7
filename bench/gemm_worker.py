"""The rate of matrix products that a step's floating-point operations are held against: tf.matmul
of stock TensorFlow, in the policy's compute type. gemm_worker.py POLICY"""

import sys

from worker import serve

SIZES = (512, 1024, 2048)


class Products:
    def __init__(self, policy):
        import tensorflow as tf

        self.multiply = tf.matmul
        dtype = tf.bfloat16 if policy == "mixed_bfloat16" else tf.float32
        self.modes = {str(n): self.repeated(tf.random.normal((n, n), dtype=dtype)) for n in SIZES}
        self.facts = {"flop": {str(n): 2 * n**3 for n in SIZES}}

    def repeated(self, matrix):
        def run(steps, mark):
            mark()
            for _ in range(steps):
                result = self.multiply(matrix, matrix)
            result.numpy()
            mark()
        return run

    def counters(self):
        return {}


if __name__ == "__main__":
    serve(lambda: Products(*sys.argv[1:]))
