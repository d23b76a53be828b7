// Convolutions with oneDNN. It is fast on images with channels last: others are reordered to that
// and back. The filter goes into whatever layout it wants.
#include "adapters/host/contraction.h"
#include "adapters/host/onednn.h"
#include "adapters/host/threads.h"

namespace evergpu::adapters::host {

#ifdef EVERGPU_ONEDNN

namespace {

using dnnl::memory;
using ir::Kind;

// Where the filter has so many elements for each of the images', reordering those is cheap, and
// oneDNN has faster code for images in blocks of channels: the last stages of a ResNet.
constexpr std::int64_t weights_per_element = 2;

memory::dims dims_of(const ir::Dims& dims) { return {dims.begin(), dims.end()}; }

// An image as oneDNN sees it: batch, channels, spatial axes.
memory::desc image(const ir::Shape& shape, ir::Layout layout, memory::data_type type) {
  memory::dims dims = dims_of(shape.extents());
  memory::dims strides = dims_of(shape.strides());
  if (layout == ir::Layout::channels_last) {
    std::rotate(dims.begin() + 1, dims.end() - 1, dims.end());
    std::rotate(strides.begin() + 1, strides.end() - 1, strides.end());
  }
  return {dims, type, strides};
}

// The same image, densely, with channels last.
memory::desc channels_last(const memory::desc& image) {
  memory::dims dims = image.get_dims();
  memory::dims strides(dims.size());
  memory::dim stride = dims[1];
  for (std::size_t axis = dims.size(); axis-- > 2;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  strides[1] = 1;
  strides[0] = stride;
  return {dims, image.get_data_type(), strides};
}

// A filter [spatial…, in / groups, out] as oneDNN sees it: groups if there are any, out, in,
// spatial axes.
struct FilterDims {
  memory::dims dims;
  memory::dims strides;
};
FilterDims filter_dims(const ir::Shape& shape, std::int64_t groups) {
  const int spatial = shape.rank() - 2;
  const std::int64_t in = shape[spatial];
  const std::int64_t out = shape[spatial + 1];
  FilterDims filter;
  if (groups > 1) {
    filter.dims.push_back(groups);
    filter.strides.push_back(out / groups);
  }
  filter.dims.insert(filter.dims.end(), {out / groups, in});
  filter.strides.insert(filter.strides.end(), {1, out});
  const ir::Dims dense = shape.strides();
  for (int axis = 0; axis < spatial; ++axis) {
    filter.dims.push_back(shape[axis]);
    filter.strides.push_back(dense[static_cast<std::size_t>(axis)]);
  }
  return filter;
}

struct Problem {
  memory::desc source;  // the input, or the gradient with respect to it, as it lies in memory
  memory::desc source_wanted;
  memory::desc weights;  // as it lies in memory
  memory::desc weights_wanted;
  memory::desc target;  // the result, or the gradient with respect to it, as it lies in memory
  memory::desc target_wanted;
  memory::dims strides;
  memory::dims dilations;
  memory::dims pad_low;
  memory::dims pad_high;
};

// `type` is the operands', `result_type` the result's.
Problem problem_of(const compiler::Library& library, memory::data_type type,
                   memory::data_type result_type) {
  const auto& attributes = library.operation.get<ir::Convolution>();
  const ConvolutionShapes shapes(library);

  Problem problem;
  problem.source = image(shapes.input, attributes.layout, type);
  const FilterDims weights = filter_dims(shapes.filter, attributes.groups);
  const auto weights_type = library.operation.kind == Kind::convolution_filter ? result_type : type;
  problem.weights = memory::desc(weights.dims, weights_type, weights.strides);
  problem.weights_wanted = memory::desc(weights.dims, weights_type, memory::format_tag::any);
  problem.target = image(shapes.output, attributes.layout, type);
  const std::int64_t elements = shapes.input.elements() + shapes.output.elements();
  if (elements * weights_per_element <= shapes.filter.elements()) {
    problem.source_wanted = memory::desc(problem.source.get_dims(), type, memory::format_tag::any);
    problem.target_wanted = memory::desc(problem.target.get_dims(), type, memory::format_tag::any);
  } else {
    problem.source_wanted = channels_last(problem.source);
    problem.target_wanted = channels_last(problem.target);
  }
  problem.strides = dims_of(attributes.strides);
  problem.dilations = dims_of(attributes.dilations);
  for (auto& dilation : problem.dilations) --dilation;
  problem.pad_low = dims_of(attributes.pad_low);
  problem.pad_high = dims_of(attributes.pad_high);
  return problem;
}

dnnl::convolution_forward::primitive_desc describe_forward(const Problem& p) {
  return {onednn::engine(),
          dnnl::prop_kind::forward_training,
          dnnl::algorithm::convolution_direct,
          p.source_wanted,
          {p.weights.get_dims(), p.source.get_data_type(), memory::format_tag::any},
          p.target_wanted,
          p.strides,
          p.dilations,
          p.pad_low,
          p.pad_high,
          onednn::attributes(),
          true};
}

template <typename Primitive, typename Description>
MadeLibrary make(const Description& description, const std::vector<onednn::Operand>& inputs,
                 const onednn::Operand& output, bool small) {
  if (!description || !onednn::is_fast(description.impl_info_str())) return nullptr;
  return onednn::make_primitive(Primitive(description), description.scratchpad_desc().get_size(),
                                inputs, output, small);
}

MadeLibrary make_checked(const compiler::Library& library, memory::data_type type,
                         memory::data_type result_type) {
  const Problem p = problem_of(library, type, result_type);
  const bool small = onednn::is_small(ConvolutionShapes(library).multiplications());
  const OneThread alone(small);
  const auto forward = describe_forward(p);
  if (!forward) return nullptr;
  if (library.operation.kind == Kind::convolution) {
    return make<dnnl::convolution_forward>(forward,
                                           {{DNNL_ARG_SRC, p.source, forward.src_desc()},
                                            {DNNL_ARG_WEIGHTS, p.weights, forward.weights_desc()}},
                                           {DNNL_ARG_DST, p.target, forward.dst_desc()}, small);
  }
  if (library.operation.kind == Kind::convolution_input) {
    const dnnl::convolution_backward_data::primitive_desc backward(
        onednn::engine(), dnnl::algorithm::convolution_direct, p.source_wanted, p.weights_wanted,
        p.target_wanted, p.strides, p.dilations, p.pad_low, p.pad_high, forward,
        onednn::attributes(), true);
    if (!backward) return nullptr;
    return make<dnnl::convolution_backward_data>(
        backward,
        {{DNNL_ARG_WEIGHTS, p.weights, backward.weights_desc()},
         {DNNL_ARG_DIFF_DST, p.target, backward.diff_dst_desc()}},
        {DNNL_ARG_DIFF_SRC, p.source, backward.diff_src_desc()}, small);
  }
  const dnnl::convolution_backward_weights::primitive_desc backward(
      onednn::engine(), dnnl::algorithm::convolution_direct, p.source_wanted, p.weights_wanted,
      p.target_wanted, p.strides, p.dilations, p.pad_low, p.pad_high, forward, onednn::attributes(),
      true);
  if (!backward) return nullptr;
  return make<dnnl::convolution_backward_weights>(
      backward,
      {{DNNL_ARG_SRC, p.source, backward.src_desc()},
       {DNNL_ARG_DIFF_DST, p.target, backward.diff_dst_desc()}},
      {DNNL_ARG_DIFF_WEIGHTS, p.weights, backward.diff_weights_desc()}, small);
}

}  // namespace

MadeLibrary make_onednn_convolution(const compiler::Library& library) {
  const auto type = onednn::data_type(library.operand_dtypes[0]);
  const auto result_type = onednn::data_type(library.operation.dtype);
  if (!type || !result_type || library.operation.shape.rank() < 3 ||
      library.operation.shape.rank() > 5)
    return nullptr;
  for (const ir::Shape& shape : library.operand_shapes)
    if (shape.elements() == 0) return nullptr;
  try {
    return make_checked(library, *type, *result_type);
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

#else

MadeLibrary make_onednn_convolution(const compiler::Library&) { return nullptr; }

#endif

}  // namespace evergpu::adapters::host
