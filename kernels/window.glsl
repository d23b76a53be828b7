// Windows over five axes of [outer, five axes, inner]. Extents are constants of the pipeline, so that
// the axes without a window, most of the five, cost nothing.
#include "element.glsl"

#define invocations arguments[0]
layout(constant_id = 2) const uint inner = 1;

#define axis_count 5
#define FIVE_CONSTANTS(name, first)                             \
  layout(constant_id = first) const uint name##_0 = 1;          \
  layout(constant_id = first + 1) const uint name##_1 = 1;      \
  layout(constant_id = first + 2) const uint name##_2 = 1;      \
  layout(constant_id = first + 3) const uint name##_3 = 1;      \
  layout(constant_id = first + 4) const uint name##_4 = 1;      \
  uint name[axis_count] = uint[axis_count](name##_0, name##_1, name##_2, name##_3, name##_4);
FIVE_CONSTANTS(in_extents, 3)
FIVE_CONSTANTS(out_extents, 8)
FIVE_CONSTANTS(window_extents, 13)
FIVE_CONSTANTS(strides, 18)
FIVE_CONSTANTS(paddings, 23)

#define in_extent(axis) in_extents[axis]
#define out_extent(axis) out_extents[axis]
#define window_extent(axis) window_extents[axis]
#define stride(axis) int(strides[axis])
#define padding(axis) int(paddings[axis])

// Taps in row-major order; `position` of the position that each looks at. The windows' axes are few, so
// a tap is found by counting.
struct Place {
  uint outer;
  uint column;
  int at[axis_count];
};
Place in_place(uint i) {
  Place place;
  place.column = i % inner;
  uint rest = i / inner;
  [[unroll]] for (int axis = axis_count - 1; axis >= 0; --axis) {
    place.at[axis] = int(rest % in_extent(axis));
    rest /= in_extent(axis);
  }
  place.outer = rest;
  return place;
}
Place out_place(uint i) {
  Place place;
  place.column = i % inner;
  uint rest = i / inner;
  [[unroll]] for (int axis = axis_count - 1; axis >= 0; --axis) {
    place.at[axis] = int(rest % out_extent(axis));
    rest /= out_extent(axis);
  }
  place.outer = rest;
  return place;
}
#define FOR_EACH_TAP(t)                                            \
  for (t[0] = 0; t[0] < int(window_extent(0)); ++t[0])             \
    for (t[1] = 0; t[1] < int(window_extent(1)); ++t[1])           \
      for (t[2] = 0; t[2] < int(window_extent(2)); ++t[2])         \
        for (t[3] = 0; t[3] < int(window_extent(3)); ++t[3])       \
          for (t[4] = 0; t[4] < int(window_extent(4)); ++t[4])
#define FOR_EACH_TAP_BACKWARDS(t)                                  \
  for (t[0] = int(window_extent(0)) - 1; t[0] >= 0; --t[0])        \
    for (t[1] = int(window_extent(1)) - 1; t[1] >= 0; --t[1])      \
      for (t[2] = int(window_extent(2)) - 1; t[2] >= 0; --t[2])    \
        for (t[3] = int(window_extent(3)) - 1; t[3] >= 0; --t[3])  \
          for (t[4] = int(window_extent(4)) - 1; t[4] >= 0; --t[4])

// The element of the input that tap t of an output position looks at; -1 outside.
int input_at(Place place, int t[axis_count]) {
  uint position = place.outer;
  bool inside = true;
  [[unroll]] for (int axis = 0; axis < axis_count; ++axis) {
    const int at = place.at[axis] * stride(axis) + t[axis] - padding(axis);
    inside = inside && at >= 0 && at < int(in_extent(axis));
    position = position * in_extent(axis) + uint(at);
  }
  return inside ? int(position * inner + place.column) : -1;
}
// The element of the output whose tap t looks at an input position; -1 if there is none.
int output_at(Place place, int t[axis_count]) {
  uint position = place.outer;
  bool inside = true;
  [[unroll]] for (int axis = 0; axis < axis_count; ++axis) {
    const int shifted = place.at[axis] + padding(axis) - t[axis];
    const int at = shifted / stride(axis);
    inside = inside && shifted >= 0 && at * stride(axis) == shifted && at < int(out_extent(axis));
    position = position * out_extent(axis) + uint(at);
  }
  return inside ? int(position * inner + place.column) : -1;
}
