// What the transforms of Winograd's method share (Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", arXiv 1509.09308): F(2x2, 3x3) of images and their gradients, F(3x3, 2x2) of
// filters'. A tile is 2x2 pixels of the convolution's result and the 4x4 of its input that they come
// from; transformed, it has 16 frequencies, between which nothing is multiplied. A kernel reads
// one array and writes another; with ADDS it reads what it adds to from an array between them.
#ifdef ADDS
#define BUFFERS 3
#else
#define BUFFERS 2
#endif
#include "element.glsl"

#ifdef TYPE_address
#extension GL_EXT_buffer_reference : require
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Source { float element; };
layout(buffer_reference, std430, buffer_reference_align = 4) writeonly buffer Target {
  float elements[];
};
float read_source(uint element) {
  return Source(packUint2x32(addresses[0]) + uint64_t(element) * 4).element;
}
void write_target(uint element, float value) {
  Target(packUint2x32(addresses[BUFFERS - 1])).elements[element] = value;
}
#ifdef ADDS
float read_earlier(uint element) {
  return Source(packUint2x32(addresses[1]) + uint64_t(element) * 4).element;
}
#endif
#else
layout(set = 0, binding = 1, std430) readonly buffer Source { float source_elements[]; };
layout(set = 0, binding = BUFFERS, std430) writeonly buffer Target { float target_elements[]; };
float read_source(uint element) { return source_elements[element]; }
void write_target(uint element, float value) { target_elements[element] = value; }
#ifdef ADDS
layout(set = 0, binding = 2, std430) readonly buffer Earlier { float earlier_elements[]; };
float read_earlier(uint element) { return earlier_elements[element]; }
#endif
#endif

#define frequencies 16
