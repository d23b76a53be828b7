// What the transforms of Winograd's method share (Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks", arXiv 1509.09308): F(2x2, 3x3) of images and their gradients, F(3x3, 2x2) of
// filters'. A tile is 2x2 pixels of the convolution's result and the 4x4 of its input that they come
// from; transformed, it has 16 frequencies, between which nothing is multiplied. A kernel reads
// one array and writes another.
#define BUFFERS 2
#include "element.glsl"

#ifdef TYPE_address
#extension GL_EXT_buffer_reference : require
layout(buffer_reference, std430, buffer_reference_align = 4) readonly buffer Source { float element; };
layout(buffer_reference, std430, buffer_reference_align = 4) buffer Target { float element; };
float read_source(uint element) {
  return Source(packUint2x32(addresses[0]) + uint64_t(element) * 4).element;
}
Target target_at(uint element) { return Target(packUint2x32(addresses[1]) + uint64_t(element) * 4); }
float read_target(uint element) { return target_at(element).element; }
void write_target(uint element, float value) { target_at(element).element = value; }
#else
layout(set = 0, binding = 1, std430) readonly buffer Source { float source_elements[]; };
layout(set = 0, binding = 2, std430) buffer Target { float target_elements[]; };
float read_source(uint element) { return source_elements[element]; }
float read_target(uint element) { return target_elements[element]; }
void write_target(uint element, float value) { target_elements[element] = value; }
#endif

#define frequencies 16
