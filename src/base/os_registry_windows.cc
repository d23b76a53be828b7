// Windows, for base/registry.h.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>

#include <cstdint>
#include <cstring>

#include "base/registry.h"
#include "base/windows_text.h"

namespace evergpu::os {
namespace {

/// An open key, closed at the end; null when there is none.
class Key {
 public:
  explicit Key(const std::string& path) {
    const HKEY top = path.starts_with("HKCU\\") ? HKEY_CURRENT_USER : HKEY_LOCAL_MACHINE;
    if (path.size() < 5) return;
    if (RegOpenKeyExW(top, utf16(path.substr(5)).c_str(), 0, KEY_READ | KEY_WOW64_64KEY, &key_) !=
        ERROR_SUCCESS)
      key_ = nullptr;
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() {
    if (key_ != nullptr) RegCloseKey(key_);
  }
  HKEY get() const { return key_; }

 private:
  HKEY key_ = nullptr;
};

}  // namespace

std::vector<std::string> registry_keys(const std::string& path) {
  std::vector<std::string> names;
  const Key key(path);
  if (key.get() == nullptr) return names;
  wchar_t name[256];
  for (DWORD index = 0;; ++index) {
    DWORD length = static_cast<DWORD>(std::size(name));
    if (RegEnumKeyExW(key.get(), index, name, &length, nullptr, nullptr, nullptr, nullptr) !=
        ERROR_SUCCESS)
      return names;
    names.push_back(utf8({name, length}));
  }
}

std::optional<std::string> registry_value(const std::string& path, const std::string& name) {
  const Key key(path);
  if (key.get() == nullptr) return std::nullopt;
  std::uint8_t bytes[2048] = {};
  DWORD size = sizeof(bytes) - sizeof(wchar_t);
  DWORD type = 0;
  if (RegQueryValueExW(key.get(), utf16(name).c_str(), nullptr, &type, bytes, &size) !=
      ERROR_SUCCESS)
    return std::nullopt;
  if (type == REG_DWORD || type == REG_QWORD || (type == REG_BINARY && size <= 8)) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes, size);
    return std::to_string(number);
  }
  if (type != REG_SZ && type != REG_EXPAND_SZ && type != REG_MULTI_SZ) return std::nullopt;
  std::wstring text(size / sizeof(wchar_t), L'\0');
  std::memcpy(text.data(), bytes, text.size() * sizeof(wchar_t));
  return utf8(text.substr(0, text.find(L'\0')));  // of several texts the first
}

}  // namespace evergpu::os
