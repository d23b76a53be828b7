// The op table, whole.
#pragma once

#include <vector>

#include "tensorflow/op_table.h"

namespace evergpu::tensorflow {

/// Every row of every family, in a fixed order.
const std::vector<const OpRow*>& all_rows();

}  // namespace evergpu::tensorflow
