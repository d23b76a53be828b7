// Philox4x32-10: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
uvec4 philox_block(uvec4 counter, uvec2 key) {
  for (int round = 0; round < 10; ++round) {
    uint a_high, a_low, b_high, b_low;
    umulExtended(0xD2511F53u, counter.x, a_high, a_low);
    umulExtended(0xCD9E8D57u, counter.z, b_high, b_low);
    counter = uvec4(b_high ^ counter.y ^ key.x, b_low, a_high ^ counter.w ^ key.y, a_low);
    key += uvec2(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// The block `index` (two words, the low one first) after the first of a stream.
uvec4 stream_block(uvec4 counter, uvec2 key, uvec2 index) {
  uint carry, carry_high, ignored;
  const uint x = uaddCarry(counter.x, index.x, carry);
  const uint y_part = uaddCarry(counter.y, index.y, carry_high);
  const uint y = uaddCarry(y_part, carry, carry);
  carry += carry_high;
  const uint z = uaddCarry(counter.z, carry, carry);
  const uint w = uaddCarry(counter.w, carry, ignored);
  return philox_block(uvec4(x, y, z, w), key);
}
