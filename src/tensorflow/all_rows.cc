#include "tensorflow/all_rows.h"

namespace evergpu::tensorflow {

const std::vector<const OpRow*>& all_rows() {
  static const std::vector<const OpRow*> rows = [] {
    std::vector<const OpRow*> result;
    for (std::span<const OpRow> family :
         {array_rows(),   check_rows(),         convolution_rows(),    diagonal_rows(),
          image_rows(),   indexing_rows(),      linear_algebra_rows(), loss_rows(),
          matmul_rows(),  normalization_rows(), optimizer_rows(),      point_rows(),
          pooling_rows(), random_rows(),        recurrent_rows(),      reduction_rows(),
          refused_rows(), selection_rows(),     variable_rows(),       variant_rows(),
          xla_rows()}) {
      for (const OpRow& row : family) result.push_back(&row);
    }
    return result;
  }();
  return rows;
}

}  // namespace evergpu::tensorflow
