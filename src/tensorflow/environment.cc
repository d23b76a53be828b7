#include "tensorflow/environment.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "base/os.h"
#include "base/product.h"
#include "tensorflow/api.h"

namespace evergpu::tensorflow {

namespace {

namespace fs = std::filesystem;

std::string fix() {
  return fmt::format("Install the one it is built for: pip install '{}'",
                     product::tensorflow_requirement);
}

#ifdef _WIN32
constexpr bool on_windows = true;
#else
constexpr bool on_windows = false;
#endif

Status check_version() {
  if (!api().missing.empty() && api().TF_Version == nullptr) {
    return {Code::failed_precondition, "TensorFlow's C API was not found in this process"};
  }
  const std::string version = api().TF_Version();
  if (!product::serves_tensorflow(version, on_windows)) {
    return {Code::failed_precondition,
            fmt::format("this evergpu is built for TensorFlow {}x, not for {}. {}",
                        product::tensorflow_series, version, fix())};
  }
  if (!api().missing.empty()) {
    return {Code::failed_precondition,
            fmt::format("this TensorFlow {} does not export {} (and {} more). {}", version,
                        api().missing.front(), api().missing.size() - 1, fix())};
  }
  return {};
}

/// The Linux wheel named `tensorflow` brings CUDA kernels of the same device type, which collide
/// with ours.
Status check_cuda_wheel([[maybe_unused]] const fs::path& site_packages) {
#ifndef _WIN32
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(site_packages, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("tensorflow-", 0) == 0 && name.find(".dist-info") != std::string::npos) {
      return {
          Code::failed_precondition,
          fmt::format("the package 'tensorflow' brings CUDA kernels that collide with evergpu's "
                      "device. Use the package without them: pip uninstall -y tensorflow && pip "
                      "install --force-reinstall --no-deps '{}'",
                      product::tensorflow_requirement)};
    }
  }
#endif
  return {};
}

Status check_other_plugins(const fs::path& self) {
  if (self.parent_path().filename() != "tensorflow-plugins") return {};
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(self.parent_path(), error)) {
    const fs::path extension = entry.path().extension();
    if (entry.path().filename() == self.filename() || (extension != ".so" && extension != ".dll"))
      continue;
    return {Code::failed_precondition,
            fmt::format("another plug-in is installed beside evergpu: {}. TensorFlow takes one "
                        "plug-in for the device "
                        "type GPU; uninstall its package, or evergpu",
                        entry.path().filename().string())};
  }
  return {};
}

}  // namespace

Status check_environment() {
  EVERGPU_RETURN_IF_ERROR(check_version());
  const fs::path self = os::file_of(reinterpret_cast<const void*>(&check_environment));
  EVERGPU_RETURN_IF_ERROR(check_other_plugins(self));
  const fs::path tensorflow =
      os::file_of(reinterpret_cast<const void*>(api().TF_NewStatus)).parent_path();
  return check_cuda_wheel(tensorflow.parent_path());
}

}  // namespace evergpu::tensorflow
