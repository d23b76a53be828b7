// Windows, for base/process.h.
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
// After windows.h, which it needs.
#include <io.h>

#include <cwchar>
#include <string_view>

#include "base/process.h"
#include "base/windows_text.h"

namespace evergpu::os {
namespace {

/// An argument as the C run-time library of a Windows program reads it back.
std::wstring quoted(const std::string& argument) {
  std::wstring result = L"\"";
  std::size_t backslashes = 0;
  for (const wchar_t c : utf16(argument)) {
    if (c == L'"') result.append(backslashes + 1, L'\\');
    backslashes = c == L'\\' ? backslashes + 1 : 0;
    result += c;
  }
  return result.append(backslashes, L'\\') + L'"';
}

/// Our environment with the additions, as CreateProcess takes it.
std::wstring extended_environment(
    const std::vector<std::pair<std::string, std::string>>& additions) {
  std::wstring block;
  wchar_t* const ours = GetEnvironmentStringsW();
  for (const wchar_t* entry = ours; *entry != L'\0'; entry += std::wcslen(entry) + 1) {
    bool replaced = false;
    for (const auto& [name, value] : additions)
      replaced |= std::wstring_view(entry).starts_with(utf16(name) + L"=");
    if (!replaced) block.append(entry).push_back(L'\0');
  }
  FreeEnvironmentStringsW(ours);
  for (const auto& [name, value] : additions)
    block.append(utf16(name + "=" + value)).push_back(L'\0');
  block.push_back(L'\0');
  return block;
}

/// Takes what is in the pipe; false when its other end is closed everywhere.
bool take(HANDLE pipe, std::string& output) {
  DWORD ready = 0;
  while (PeekNamedPipe(pipe, nullptr, 0, nullptr, &ready, nullptr) != 0) {
    if (ready == 0) return true;
    char buffer[4096];
    DWORD bytes = 0;
    if (ReadFile(pipe, buffer, sizeof(buffer), &bytes, nullptr) == 0) return false;
    output.append(buffer, bytes);
  }
  return false;
}

}  // namespace

Child run_child(const std::vector<std::string>& command,
                const std::vector<std::pair<std::string, std::string>>& environment,
                std::chrono::milliseconds limit) {
  Child result;
  SECURITY_ATTRIBUTES inherited = {sizeof(inherited), nullptr, TRUE};
  HANDLE ours = nullptr, theirs = nullptr;
  if (CreatePipe(&ours, &theirs, &inherited, 0) == 0) return result;
  SetHandleInformation(ours, HANDLE_FLAG_INHERIT, 0);
  HANDLE const nothing = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                     &inherited, OPEN_EXISTING, 0, nullptr);
  STARTUPINFOW startup = {};
  startup.cb = sizeof(startup);
  startup.dwFlags = STARTF_USESTDHANDLES;
  startup.hStdInput = nothing;
  startup.hStdOutput = startup.hStdError = theirs;
  std::wstring line;
  for (const std::string& argument : command) line += quoted(argument) + L' ';
  std::wstring variables = extended_environment(environment);
  PROCESS_INFORMATION process = {};
  const DWORD flags = CREATE_UNICODE_ENVIRONMENT | CREATE_SUSPENDED | CREATE_NO_WINDOW;
  const bool started = CreateProcessW(nullptr, line.data(), nullptr, nullptr, TRUE, flags,
                                      variables.data(), nullptr, &startup, &process) != 0;
  CloseHandle(theirs);
  CloseHandle(nothing);
  if (!started) {
    CloseHandle(ours);
    return result;
  }
  // The job ends the child's own children with it.
  HANDLE const job = CreateJobObjectW(nullptr, nullptr);
  AssignProcessToJobObject(job, process.hProcess);
  ResumeThread(process.hThread);
  const auto deadline = std::chrono::steady_clock::now() + limit;
  bool in_time = true;
  while (take(ours, result.output)) {
    in_time = std::chrono::steady_clock::now() < deadline;
    if (!in_time) break;
    Sleep(5);
  }
  if (!in_time && TerminateJobObject(job, 1) == 0) TerminateProcess(process.hProcess, 1);
  WaitForSingleObject(process.hProcess, 5000);
  DWORD code = 0;
  GetExitCodeProcess(process.hProcess, &code);
  const bool crashed = code >= 0xC0000000U;  // an NTSTATUS of severity "error"
  result.end = !in_time  ? Child::End::timed_out
               : crashed ? Child::End::crashed
                         : Child::End::exited;
  result.code = static_cast<int>(code);
  for (HANDLE handle : {ours, process.hThread, process.hProcess, job}) CloseHandle(handle);
  return result;
}

std::filesystem::path executable() {
  for (std::wstring path(MAX_PATH, L'\0');; path.resize(path.size() * 2)) {
    const DWORD length = GetModuleFileNameW(nullptr, path.data(), static_cast<DWORD>(path.size()));
    if (length < path.size()) return std::wstring_view(path.data(), length);
  }
}

bool stdout_is_terminal() { return _isatty(1) != 0; }
bool stdin_is_terminal() { return _isatty(0) != 0; }

bool may_read_and_write(const std::filesystem::path& file) {
  return _waccess(file.c_str(), 6) == 0;  // 6: read and write
}

bool is_administrator() {
  HANDLE token = nullptr;
  if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) == 0) return false;
  TOKEN_ELEVATION elevation = {};
  DWORD size = 0;
  const bool known =
      GetTokenInformation(token, TokenElevation, &elevation, sizeof(elevation), &size) != 0;
  CloseHandle(token);
  return known && elevation.TokenIsElevated != 0;
}

}  // namespace evergpu::os
