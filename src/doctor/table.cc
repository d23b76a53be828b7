#include "doctor/condition.h"

namespace evergpu::doctor {

std::vector<const Condition*> all_conditions() {
  std::vector<const Condition*> all;
  for (const auto chapter : {host_conditions(), wsl_conditions(), gpu_conditions(),
                             vulkan_conditions(), python_conditions(), tensorflow_conditions()}) {
    for (const Condition& condition : chapter) all.push_back(&condition);
  }
  return all;
}

}  // namespace evergpu::doctor
