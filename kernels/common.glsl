// What every kernel has: its arguments and the number of its invocation.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_8bit_storage : require
#extension GL_EXT_shader_16bit_storage : require
#extension GL_EXT_shader_explicit_arithmetic_types : enable

#ifndef BUFFERS
#define BUFFERS 3  // that are reached through addresses
#endif
layout(local_size_x_id = 0) in;
layout(set = 0, binding = 0, std430) readonly buffer Arguments {
#ifdef TYPE_address
  uvec2 addresses[BUFFERS];
#endif
  uint arguments[];
};

uint group_number() { return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x; }
uint invocation_number() { return group_number() * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }
