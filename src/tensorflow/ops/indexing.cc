// Reading and writing at positions that are data; segments, bins, sorting and cumulative
// operations.
#include "ops/indexing.h"

#include <fmt/core.h>

#include <algorithm>

#include "ops/sort.h"
#include "tensorflow/op_table.h"
#include "tensorflow/ops/apply.h"

namespace evergpu::tensorflow {
namespace {

using ir::Dims;
using ir::DType;
using ir::ReduceOp;
using ir::ScatterOp;
using ir::Shape;
using ir::Value;

// --- gather and scatter ---

Result<Lowering> gather_first_axis(const Attributes&) {
  return Lowering(
      [](Call& call) { return call.output(0, ops::gather(call.input(0), call.input(1), 0, 0)); });
}

Result<Lowering> gather(const Attributes& attributes) {
  return Lowering([batch_dims = attributes.integer("batch_dims")](Call& call) {
    return call.output(0, ops::gather(call.input(0), call.input(1), call.integer(2), batch_dims));
  });
}

// (indices, updates, shape)
Result<Lowering> scatter_nd(const Attributes&) {
  return Lowering([](Call& call) {
    const Value updates = call.input(1);
    const DType dtype = call.dtype(1);
    // The sum of booleans is whether any of them is true.
    const bool boolean = dtype == DType::boolean;
    const DType wide = boolean ? DType::u8 : dtype;
    const Value base = ir::zeros(wide, Shape(call.integers(2)));
    const Value sum = ops::scatter_nd(boolean ? ScatterOp::maximum : ScatterOp::add, base,
                                      call.input(0), ir::cast(updates, wide));
    return call.output(0, ir::cast(sum, dtype));
  });
}

// (tensor, indices, updates)
template <ScatterOp op>
Result<Lowering> scatter_onto(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::scatter_nd(op, call.input(0), call.input(1), call.input(2)));
  });
}

// (x, rows, values)
template <ScatterOp op>
Result<Lowering> update_rows(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::update_rows(op, call.input(0), call.input(1), call.input(2)));
  });
}

// The index lists lie in host memory, so where each row comes from is known: of rows named twice
// the last one counts, and rows never named are zeros.
Result<Lowering> stitch(const Attributes& attributes) {
  const auto lists = static_cast<int>(attributes.integer("N"));
  return Lowering([lists](Call& call) -> Status {
    std::vector<std::int32_t> sources;
    std::vector<Value> rows;
    std::int32_t row = 0;
    const Shape& first_indices = call.shape(0);
    const Shape& first_data = call.shape(lists);
    if (first_data.rank() < first_indices.rank())
      return invalid_argument("data[0].shape must start with indices[0].shape");
    const Dims rest(first_data.begin() + first_indices.rank(), first_data.end());
    for (int i = 0; i < lists; ++i) {
      const Dims indices = call.integers(i);
      Dims expected = call.shape(i).extents();
      Dims flat{static_cast<std::int64_t>(indices.size())};
      for (std::int64_t extent : rest) {
        expected.push_back(extent);
        flat.push_back(extent);
      }
      if (call.shape(lists + i) != Shape(expected))
        return invalid_argument("data[i].shape must be indices[i].shape followed by " +
                                to_string(Shape(rest)));
      rows.push_back(ir::reshape(call.input(lists + i), Shape(flat)));
      for (std::int64_t index : indices) {
        if (index < 0) return invalid_argument("indices must not be negative");
        if (static_cast<std::size_t>(index) >= sources.size())
          sources.resize(static_cast<std::size_t>(index) + 1, -1);
        sources[static_cast<std::size_t>(index)] = row++;
      }
    }
    const Shape count{static_cast<std::int64_t>(sources.size())};
    if (sources.empty()) {
      Dims nothing = rest;
      nothing.insert(0, 0);
      return call.output(0, ir::zeros(call.dtype(lists), Shape(nothing)));
    }
    const Value picked = call.device().capture(DType::i32, count, sources.data());
    return call.output(0, ir::gather(ir::concat(rows, 0), picked, 0));
  });
}

// --- segments ---

// (data, segment_ids, num_segments)
template <auto function>
Result<Lowering> segments(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, function(call.input(0), call.input(1), call.integer(2)));
  });
}

template <ScatterOp op>
constexpr auto unsorted = segments<[](const Value& data, const Value& ids, std::int64_t count) {
  return ops::unsorted_segment(op, data, ids, count);
}>;

// How many segments the ids of a vector in host memory name, which must not descend.
Result<std::int64_t> segments_of(Call& call, int ids) {
  const Dims values = call.integers(ids);
  if (call.shape(0).rank() < 1)
    return invalid_argument("Shape must be at least rank 1 but is rank 0");
  if (call.shape(ids).rank() != 1) return invalid_argument("segment_ids should be a vector.");
  if (values.empty()) return 0;
  const std::int64_t count = values.back() + 1;
  if (count <= 0) return invalid_argument("segment ids must be >= 0");
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool last = i + 1 == values.size();
    if (!last && values[i] == values[i + 1]) continue;
    if (!last && values[i] > values[i + 1])
      return invalid_argument("segment ids are not increasing");
    if (values[i] < 0 || values[i] >= count)
      return invalid_argument(
          fmt::format("Segment id {} out of range [0, {}), possibly because 'segment_ids' input is "
                      "not sorted.",
                      values[i], count));
  }
  return count;
}

// (data, segment_ids)
template <auto function>
Result<Lowering> sorted_segments(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const Result<std::int64_t> count = segments_of(call, 1);
    if (!count.ok()) return count.status();
    if (call.shape(1)[0] != call.shape(0)[0])
      return invalid_argument("segment_ids should be the same size as dimension 0 of input.");
    return call.output(0, function(call.input(0), call.input(1), *count));
  });
}

template <ScatterOp op>
constexpr auto sorted =
    sorted_segments<[](const Value& data, const Value& ids, std::int64_t count) {
      return ops::segment(op, data, ids, count);
    }>;

// (data, indices, segment_ids): the rows of data that `indices` name.
template <auto function>
Result<Lowering> picked_segments(const Attributes&) {
  return Lowering([](Call& call) -> Status {
    const Result<std::int64_t> count = segments_of(call, 2);
    if (!count.ok()) return count.status();
    const Value rows = ops::gather(call.input(0), call.input(1), 0, 0);
    return call.output(0, function(rows, call.input(2), *count));
  });
}

Value segment_sum(const Value& data, const Value& ids, std::int64_t count) {
  return ops::segment(ScatterOp::add, data, ids, count);
}

// (gradient, indices, segment_ids, rows of data)
template <ops::SegmentScale scale>
Result<Lowering> picked_segments_gradient(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::segment_gradient(call.input(0), call.input(1), call.input(2),
                                                call.integer(3), scale));
  });
}

// --- bins ---

Result<Lowering> bin_count(const Attributes& attributes) {  // (values, size, weights)
  const bool binary = attributes.has("binary_output") && attributes.boolean("binary_output");
  return Lowering([binary](Call& call) {
    return call.output(0, ops::bin_count(call.input(0), call.integer(1), call.input(2), binary));
  });
}

// --- order ---

Status output_top_k(Call& call, std::int64_t k, DType index_dtype) {
  const ops::TopK result = ops::top_k(call.input(0), k);
  EVERGPU_RETURN_IF_ERROR(call.output(0, result.values));
  return call.output(1, ir::cast(result.indices, index_dtype));
}

Result<Lowering> top_k(const Attributes& attributes) {
  const DType dtype = attributes.has("index_type") ? attributes.dtype("index_type") : DType::i32;
  return Lowering([dtype](Call& call) { return output_top_k(call, call.integer(1), dtype); });
}

Result<Lowering> nth_element(const Attributes& attributes) {
  return Lowering([reverse = attributes.boolean("reverse")](Call& call) {
    return call.output(0, ops::nth_element(call.input(0), call.integer(1), reverse));
  });
}

Result<Lowering> in_top_k_by_attribute(const Attributes& attributes) {
  return Lowering([k = attributes.integer("k")](Call& call) {
    return call.output(0, ops::in_top_k(call.input(0), call.input(1), k));
  });
}

Result<Lowering> in_top_k(const Attributes&) {
  return Lowering([](Call& call) {
    return call.output(0, ops::in_top_k(call.input(0), call.input(1), call.integer(2)));
  });
}

template <ReduceOp op>
Result<Lowering> arg_extreme(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("output_type")](Call& call) {
    return call.output(0, ops::arg_extreme(op, call.input(0), call.scalar(1, "dim"), dtype));
  });
}

template <ReduceOp op>
Result<Lowering> cumulative(const Attributes& attributes) {
  return Lowering([exclusive = attributes.boolean("exclusive"),
                   reverse = attributes.boolean("reverse")](Call& call) {
    return call.output(0, ops::cumulative(op, call.input(0), call.integer(1), exclusive, reverse));
  });
}

Result<Lowering> cumulative_log_sum_exp(const Attributes& attributes) {
  return Lowering([exclusive = attributes.boolean("exclusive"),
                   reverse = attributes.boolean("reverse")](Call& call) {
    return call.output(
        0, ops::cumulative_log_sum_exp(call.input(0), call.integer(1), exclusive, reverse));
  });
}

template <bool or_equal>
Result<Lowering> sorted_position(const Attributes& attributes) {
  return Lowering([dtype = attributes.dtype("out_type")](Call& call) {
    return call.output(
        0, ir::cast(ops::sorted_position(call.input(0), call.input(1), or_equal), dtype));
  });
}

constexpr DTypes bin_types{DType::i32, DType::i64, DType::f32, DType::f64};

constexpr OpRow indexing_table[] = {
    // gather
    {.op = "Gather", .types = {{"Tparams", all_types}}, .make = gather_first_axis},
    {.op = "GatherNd", .types = {{"Tparams", all_types}}, .make = apply<ops::gather_nd>},
    {.op = "GatherV2",
     .types = {{"Tparams", all_types}},
     .host_arguments = {"axis"},
     .make = gather},

    // scatter
    {.op = "DynamicStitch",
     .types = {{"T", all_types}},
     .host_arguments = {"indices"},
     .make = stitch},
    {.op = "InplaceAdd", .types = {{"T", numbers - i32_only}}, .make = update_rows<ScatterOp::add>},
    {.op = "InplaceSub",
     .types = {{"T", numbers - i32_only}},
     .make = update_rows<ScatterOp::subtract>},
    {.op = "InplaceUpdate",
     .types = {{"T", all_types - i32_only}},
     .make = update_rows<ScatterOp::set>},
    {.op = "ParallelDynamicStitch",
     .types = {{"T", all_types}},
     .host_arguments = {"indices"},
     .make = stitch},
    {.op = "ScatterNd",
     .types = {{"T", all_types}, {"Tindices", index_types}},
     .host_arguments = {"shape"},
     .make = scatter_nd},
    {.op = "ScatterNdNonAliasingAdd",
     .types = {{"T", numbers}},
     .make = scatter_onto<ScatterOp::add>},
    {.op = "TensorScatterAdd", .types = {{"T", numbers}}, .make = scatter_onto<ScatterOp::add>},
    {.op = "TensorScatterMax", .types = {{"T", numbers}}, .make = scatter_onto<ScatterOp::maximum>},
    {.op = "TensorScatterMin", .types = {{"T", numbers}}, .make = scatter_onto<ScatterOp::minimum>},
    {.op = "TensorScatterSub",
     .types = {{"T", numbers}},
     .make = scatter_onto<ScatterOp::subtract>},
    {.op = "TensorScatterUpdate",
     .types = {{"T", all_types}},
     .make = scatter_onto<ScatterOp::set>},

    // segments; where their number follows from the ids, these come from host memory
    {.op = "SegmentMax",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = sorted<ScatterOp::maximum>},
    {.op = "SegmentMaxV2",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::maximum>},
    {.op = "SegmentMean",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = sorted_segments<ops::segment_mean>},
    {.op = "SegmentMin",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = sorted<ScatterOp::minimum>},
    {.op = "SegmentMinV2",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::minimum>},
    {.op = "SegmentProd",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = sorted<ScatterOp::multiply>},
    {.op = "SegmentProdV2",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::multiply>},
    {.op = "SegmentSum",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = sorted<ScatterOp::add>},
    {.op = "SegmentSumV2",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::add>},
    {.op = "SparseSegmentMean",
     .types = {{"T", floats}},
     .host_arguments = {"segment_ids"},
     .make = picked_segments<ops::segment_mean>},
    {.op = "SparseSegmentMeanGrad",
     .types = {{"T", floats}},
     .host_arguments = {"output_dim0"},
     .make = picked_segments_gradient<ops::SegmentScale::mean>},
    {.op = "SparseSegmentSqrtN",
     .types = {{"T", floats}},
     .host_arguments = {"segment_ids"},
     .make = picked_segments<ops::segment_sum_over_sqrt>},
    {.op = "SparseSegmentSqrtNGrad",
     .types = {{"T", floats}},
     .host_arguments = {"output_dim0"},
     .make = picked_segments_gradient<ops::SegmentScale::square_root>},
    {.op = "SparseSegmentSum",
     .types = {{"T", numbers}},
     .host_arguments = {"segment_ids"},
     .make = picked_segments<segment_sum>},
    {.op = "SparseSegmentSumGrad",
     .types = {{"T", floats}},
     .host_arguments = {"output_dim0"},
     .make = picked_segments_gradient<ops::SegmentScale::sum>},
    {.op = "UnsortedSegmentMax",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::maximum>},
    {.op = "UnsortedSegmentMin",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::minimum>},
    {.op = "UnsortedSegmentProd",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::multiply>},
    {.op = "UnsortedSegmentSum",
     .types = {{"T", numbers}},
     .host_arguments = {"num_segments"},
     .make = unsorted<ScatterOp::add>},

    // bins
    {.op = "Bincount", .types = {{"T", bin_types}}, .host_arguments = {"size"}, .make = bin_count},
    {.op = "DenseBincount",
     .types = {{"T", bin_types}, {"Tidx", index_types}},
     .host_arguments = {"size"},
     .make = bin_count},

    // order
    {.op = "ArgMax",
     .types = {{"T", all_types}, {"Tidx", index_types}},
     .host_arguments = {"dimension"},
     .make = arg_extreme<ReduceOp::maximum>},
    {.op = "ArgMin",
     .types = {{"T", all_types}, {"Tidx", index_types}},
     .host_arguments = {"dimension"},
     .make = arg_extreme<ReduceOp::minimum>},
    {.op = "Cumprod",
     .types = {{"T", numbers}},
     .host_arguments = {"axis"},
     .make = cumulative<ReduceOp::product>},
    {.op = "Cumsum",
     .types = {{"T", numbers}},
     .host_arguments = {"axis"},
     .make = cumulative<ReduceOp::sum>},
    {.op = "CumulativeLogsumexp",
     .types = {{"T", floats}},
     .host_arguments = {"axis"},
     .make = cumulative_log_sum_exp},
    {.op = "InTopK", .types = {{"T", index_types}}, .make = in_top_k_by_attribute},
    {.op = "InTopKV2", .types = {{"T", index_types}}, .host_arguments = {"k"}, .make = in_top_k},
    {.op = "LowerBound", .types = {{"T", numbers}}, .make = sorted_position<false>},
    {.op = "NthElement", .types = {{"T", numbers}}, .host_arguments = {"n"}, .make = nth_element},
    {.op = "TopKV2",
     .types = {{"T", numbers}, {"Tk", index_types}},
     .host_arguments = {"k"},
     .make = top_k},
    {.op = "UpperBound", .types = {{"T", numbers}}, .make = sorted_position<true>},
};

}  // namespace

std::span<const OpRow> indexing_rows() { return indexing_table; }

}  // namespace evergpu::tensorflow
