// Whether oneDNN is there. On Linux this library is linked with it; on Windows it is looked for at
// run time, in the package that pip installed beside ours, and may be missing.
#pragma once

namespace evergpu::adapters::host::onednn {

#if defined(EVERGPU_ONEDNN) && defined(_WIN32)

/// Loads it at the first call. Until that succeeds no other function of oneDNN may be called.
bool is_there();
/// How many threads oneDNN uses when the calling thread asks for work.
void set_thread_count(int count);

#else

constexpr bool is_there() { return true; }
/// It shares GNU's OpenMP with us, and so the number.
inline void set_thread_count(int /*count*/) {}

#endif

}  // namespace evergpu::adapters::host::onednn
