// The proof that a machine trains: a small Keras model, two steps, in a Python of its own.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/process.h"
#include "doctor/diagnose.h"

namespace evergpu::doctor {
namespace {

using nlohmann::json;

constexpr const char* mark = "evergpu-proof ";

constexpr const char* program = R"python(
import json, os, warnings
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
warnings.simplefilter("ignore")
import tensorflow as tf
from evergpu import plugin
answer = {}
if not tf.config.list_physical_devices("GPU"):
    answer["error"] = "evergpu offers TensorFlow no device"
else:
    tf.keras.utils.set_random_seed(1)
    x = tf.random.normal((16, 8))
    y = tf.reduce_sum(x, axis=1, keepdims=True)
    model = tf.keras.Sequential([tf.keras.layers.Dense(16, "relu"), tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = [float(model.train_on_batch(x, y)) for _ in range(2)]
    device = plugin.describe("devices")[0]
    answer = {"device": device["name"], "gpu": device["gpu"], "losses": losses}
    if "GPU:0" not in model.trainable_variables[0].value.device:
        answer["error"] = "the model was not on evergpu's device"
print("evergpu-proof " + json.dumps(answer), flush=True)
)python";

/// The last words of a program that failed: what people search for.
std::string last_line(const std::string& output) {
  const std::size_t end = output.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "no output";
  const std::size_t begin = output.find_last_of('\n', end) + 1;
  return output.substr(begin, end + 1 - begin);
}

std::string reason_of(const os::Child& child) {
  switch (child.end) {
    case os::Child::End::not_started:
      return "Python does not start";
    case os::Child::End::crashed:
      return "Python crashed: " + last_line(child.output);
    case os::Child::End::timed_out:
      return "it took longer than three minutes";
    case os::Child::End::exited:
      break;
  }
  // evergpu says on a line of its own why it offers no device.
  const std::size_t words = child.output.find("evergpu: warning: ");
  if (words != std::string::npos)
    return child.output.substr(words + 18, child.output.find_first_of("\r\n", words) - words - 18);
  return last_line(child.output);
}

}  // namespace

Proof read_proof(const json& answer) {
  Proof proof;
  proof.device = answer.value("device", "");
  proof.on_gpu = answer.value("gpu", false);
  proof.losses = answer.value("losses", std::vector<double>());
  proof.seconds = answer.value("seconds", 0.0);
  proof.reason = answer.value("error", "");
  const bool learned = proof.losses.size() == 2 && proof.losses[1] < proof.losses[0];
  if (proof.reason.empty() && !learned) proof.reason = "the loss did not fall";
  proof.outcome = proof.reason.empty() ? Proof::Outcome::trained : Proof::Outcome::failed;
  return proof;
}

Proof train(const std::string& python) {
  const auto begun = std::chrono::steady_clock::now();
  const os::Child child = os::run_child({python, "-c", program}, {}, std::chrono::seconds(180));
  const std::size_t found = child.output.rfind(mark);
  Proof proof;
  if (found != std::string::npos && child.end == os::Child::End::exited && child.code == 0) {
    const std::size_t begin = found + std::string_view(mark).size();
    const json answer =
        json::parse(child.output.substr(begin, child.output.find_first_of("\r\n", begin) - begin),
                    nullptr, false);
    if (answer.is_object()) proof = read_proof(answer);
  }
  if (proof.losses.empty()) {
    proof.outcome = Proof::Outcome::failed;
    proof.reason = reason_of(child);
  }
  proof.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  return proof;
}

}  // namespace evergpu::doctor
