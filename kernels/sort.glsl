// Keys of one or two words, the most significant one last.
#include "common.glsl"
#ifdef TYPE_b8
#define KEY uvec2
bool before(uvec2 a, uvec2 b) { return a.y < b.y || (a.y == b.y && a.x < b.x); }
#else
#define KEY uint
bool before(uint a, uint b) { return a < b; }
#endif
