"""What evergpu counts in a training step: step_counts.py MODEL [POLICY]

Steps are alike once plans are made, which takes one or two; this is the fourth."""

import sys

from keras_worker import Training


def main():
    training = Training(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "float32")
    if not training.on_device:
        sys.exit("TensorFlow got no device from evergpu; `python -m evergpu` says why")
    training.train_on_batch(3, lambda: None)
    counts = []
    training.train_on_batch(1, lambda: counts.append(training.counters()))
    before, after = counts
    for name, count in after.items():
        if not name.startswith(("live_", "peak_", "resident_", "nanoseconds_")):
            print(f"{name:22}{count - before[name]:14,}")


if __name__ == "__main__":
    main()
