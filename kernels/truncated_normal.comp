#version 450
// Normal deviates within two standard deviations, by the Box-Muller transform: each group of outputs
// draws from its own part of the stream until it is full. sin, cos and log are computed here, since
// Vulkan asks too little accuracy of them: argument reduction and polynomials of the Cephes library
// (S. L. Moshier, "Methods and Programs for Mathematical Functions", 1989).
#extension GL_GOOGLE_include_directive : require
#include "element.glsl"
#include "philox.glsl"

layout(set = 0, binding = 1, std430) readonly buffer Key { uvec2 key; };
layout(set = 0, binding = 2, std430) readonly buffer Counter { uint counter[4]; };
layout(set = 0, binding = 3, std430) writeonly buffer Y { VALUE y[]; };

#ifdef TYPE_f64
const uint group = 2;

double logarithm(double x) {
  const uvec2 bits = unpackDouble2x32(x);
  int exponent = int(bits.y >> 20) - 1022;
  double f = packDouble2x32(uvec2(bits.x, (bits.y & 0xfffffu) | 0x3fe00000u));
  if (f < 0.70710678118654752440lf) {
    --exponent;
    f *= 2;
  }
  // log f = 2 atanh s, s = (f - 1) / (f + 1), |s| < 0.172
  const double s = (f - 1) / (f + 1);
  const double z = s * s;
  double sum = 0;
  for (int n = 25; n >= 3; n -= 2) sum = (sum + 1.0lf / double(n)) * z;
  return double(exponent) * 0.69314718055994530942lf + 2 * (s + s * sum);
}
// x in [0, 2 pi]
void sine_cosine(double x, out double sine, out double cosine) {
  const int quadrant = int(x * 0.63661977236758134308lf + 0.5lf);
  const double r = (x - double(quadrant) * 1.57079625129699707031lf) -
                   double(quadrant) * 7.54978941586159635335e-8lf -
                   double(quadrant) * 5.39030285815811905290e-15lf;
  const double z = r * r;
  double s = 0;
  double c = 0;
  for (int n = 10; n >= 1; --n) {
    s = (s + 1) * -z / double(2 * n * (2 * n + 1));
    c = (c + 1) * -z / double((2 * n - 1) * (2 * n));
  }
  s = r + r * s;
  c = 1 + c;
  const bool odd = (quadrant & 1) != 0;
  sine = odd ? c : s;
  cosine = odd ? s : c;
  if ((quadrant & 2) != 0) sine = -sine;
  if (((quadrant + 1) & 2) != 0) cosine = -cosine;
}
double uniform_of(uint first, uint second) {
  return packDouble2x32(uvec2(second, (first & 0xfffffu) | 0x3ff00000u)) - 1;
}
double angle_of(double u) { return 6.28318530717958647692lf * u; }
#define LEAST_UNIFORM 1.0e-7lf
#else
const uint group = 4;

float logarithm(float x) {
  const uint bits = floatBitsToUint(x);
  int exponent = int(bits >> 23) - 126;
  precise float f = uintBitsToFloat((bits & 0x7fffffu) | 0x3f000000u);
  if (f < 0.70710678) {
    --exponent;
    f += f;
  }
  f -= 1.0;
  const float z = f * f;
  float p = 7.0376836292e-2;
  p = fma(p, f, -1.1514610310e-1);
  p = fma(p, f, 1.1676998740e-1);
  p = fma(p, f, -1.2420140846e-1);
  p = fma(p, f, 1.4249322787e-1);
  p = fma(p, f, -1.6668057665e-1);
  p = fma(p, f, 2.0000714765e-1);
  p = fma(p, f, -2.4999993993e-1);
  p = fma(p, f, 3.3333331174e-1);
  p *= f * z;
  p = fma(float(exponent), -2.12194440e-4, p);
  p = fma(-0.5, z, p);
  return fma(float(exponent), 0.693359375, f + p);
}
// x in [0, 2 pi]
void sine_cosine(float x, out float sine, out float cosine) {
  const int quadrant = int(x * 0.63661977 + 0.5);
  precise float r = fma(float(quadrant), -1.5703125, x);
  r = fma(float(quadrant), -4.83751296997070312500e-4, r);
  r = fma(float(quadrant), -7.5497899548918821e-8, r);
  const float z = r * r;
  const float s = fma(fma(fma(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1) * z, r, r);
  const float c = fma(fma(fma(2.443315711809948e-5, z, -1.388731625493765e-3), z,
                          4.166664568298827e-2), z * z, fma(-0.5, z, 1.0));
  const bool odd = (quadrant & 1) != 0;
  sine = odd ? c : s;
  cosine = odd ? s : c;
  if ((quadrant & 2) != 0) sine = -sine;
  if (((quadrant + 1) & 2) != 0) cosine = -cosine;
}
float uniform_of(uint first) { return uintBitsToFloat((first & 0x7fffffu) | 0x3f800000u) - 1.0; }
// 2 pi u, rounded once: u has 23 bits; its two halves times the first 8 bits of 2 pi are exact.
float angle_of(float u) {
  const float high = floor(u * 4096.0) / 4096.0;
  precise float rest = (u - high) * 6.28125 + u * 0.0019353071795864769;
  precise float angle = high * 6.28125 + rest;
  return angle;
}
#define LEAST_UNIFORM 1.0e-7
#endif

// arguments: elements
void main() {
  const uint i = invocation_number();
  const uint count = arguments[0];
  const uint begin = i * group;
  if (begin >= count) return;
  const uint end = min(begin + group, count);
  const uvec4 first = uvec4(counter[0], counter[1], counter[2], counter[3]);
  // Each output has 256 words of the stream.
  uint block_high, block_low;
  umulExtended(i, group * 64, block_high, block_low);
  uint at = begin;
  while (at < end) {
    const uvec4 words = stream_block(first, key, uvec2(block_low, block_high));
    if (++block_low == 0) ++block_high;
#ifdef TYPE_f64
    const VALUE uniforms[4] = VALUE[](uniform_of(words.x, words.y), uniform_of(words.z, words.w), 0, 0);
    const uint pairs = 1;
#else
    const VALUE uniforms[4] =
        VALUE[](uniform_of(words.x), uniform_of(words.y), uniform_of(words.z), uniform_of(words.w));
    const uint pairs = 2;
#endif
    for (uint pair = 0; pair < pairs; ++pair) {
      const VALUE u = max(uniforms[2 * pair], LEAST_UNIFORM);
      const VALUE radius = sqrt(VALUE(-2) * logarithm(u));
      VALUE sine, cosine;
      sine_cosine(angle_of(uniforms[2 * pair + 1]), sine, cosine);
      const VALUE deviates[2] = VALUE[](sine * radius, cosine * radius);
      for (uint n = 0; n < 2; ++n)
        if (abs(deviates[n]) < VALUE(2) && at < end) y[at++] = deviates[n];
    }
  }
}
