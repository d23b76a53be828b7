#include "ops/patches.h"

#include <vector>

#include "ops/invalid.h"

namespace evergpu::ops {

using ir::Dims;
using ir::Shape;
using ir::Value;

Value extract_patches(const Value& images, const PatchParameters& parameters) {
  if (!images.status().ok()) return images;
  const Shape& shape = images.shape();
  const std::size_t spatial = parameters.extents.size();
  if (static_cast<std::size_t>(shape.rank()) != spatial + 2)
    return failure("input must be {}-dimensional{}", spatial + 2, to_string(shape));

  Dims low{0};
  Dims high{0};
  Dims sizes{shape[0]};
  Dims strides{1};
  for (std::size_t i = 0; i < spatial; ++i) {
    Result<WindowGeometry> geometry =
        window_geometry(shape.extents()[i + 1], parameters.extents[i], parameters.strides[i],
                        parameters.dilations[i], parameters.padding, i);
    if (!geometry.ok()) return ir::Node::failed(geometry.status());
    low.push_back(geometry->pad_low);
    high.push_back(geometry->pad_high);
    sizes.push_back(geometry->output);
    strides.push_back(parameters.strides[i]);
  }
  low.push_back(0);
  high.push_back(0);
  sizes.push_back(shape.extents().back());
  strides.push_back(1);
  const Value padded = ir::pad(images, ir::constant(images.dtype(), 0), low, high);

  // The same element of every window is a strided slice.
  std::vector<Value> elements;
  Dims at(spatial + 2, 0);
  const std::int64_t count = Shape(parameters.extents).elements();
  for (std::int64_t n = 0; n < count; ++n) {
    elements.push_back(ir::slice(padded, at, sizes, strides));
    for (std::size_t i = spatial; i-- > 0;) {
      at[i + 1] += parameters.dilations[i];
      if (at[i + 1] < parameters.extents[i] * parameters.dilations[i]) break;
      at[i + 1] = 0;
    }
  }
  return ir::concat(elements, static_cast<int>(spatial) + 1);
}

}  // namespace evergpu::ops
