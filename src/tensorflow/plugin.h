// The one plug-in instance of a process: which adapter it uses and its devices.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "adapters/adapter.h"
#include "base/status.h"
#include "runtime/device.h"

struct SP_Stream_st;
struct TF_OpKernelContext;

namespace evergpu::tensorflow {

class Plugin {
 public:
  /// Made on first use. It is never destroyed: TensorFlow may call us until the process ends.
  static Plugin& instance();

  /// Devices that TensorFlow should see; 0 when this environment is refused or EVERGPU_ADAPTER=off.
  int device_count() const { return adapter_ ? adapter_->device_count() : 0; }
  /// Opens device `ordinal`, once. The first opening says on stderr which device is used.
  Status open(int ordinal);
  /// An opened device; null when it is not.
  runtime::Device* device(int ordinal) const;
  /// The opened device that an address belongs to; null when none.
  runtime::Device* owner(const void* address) const;

  /// The same string, kept as long as the process: recorded values outlive the kernels they name.
  const std::string& name(std::string text);

  // --- a profile of all devices; TensorFlow has one at a time ---

  void start_profile();
  /// Ends it, after what was posted to the devices has run.
  void stop_profile();
  /// The last one, as an XSpace.
  const std::string& profile() const { return profile_; }

  /// Ends the devices' threads and prints EVERGPU_STATS. Called when the process exits.
  void shut_down();

 private:
  Plugin();

  std::unique_ptr<adapters::Adapter> adapter_;
  std::vector<std::unique_ptr<runtime::Device>> devices_;
  bool profiling_ = false;
  std::string profile_;
  std::mutex names_mutex_;
  std::unordered_set<std::string> names_;  // its elements stay where they are
};

/// A stream's handle is its device, since all streams of a device are its one queue.
inline SP_Stream_st* stream_of(runtime::Device& device) {
  return reinterpret_cast<SP_Stream_st*>(&device);
}

/// The device that a kernel runs on. (Its number would not tell: TensorFlow counts the visible
/// devices, we count all.)
Result<runtime::Device*> device_of(TF_OpKernelContext* context);

}  // namespace evergpu::tensorflow
