// python.exe for Windows' python311.dll, for use under Wine. Before Python starts it gives Wine's C
// run-time library the complex functions that Wine 10 has only stubs for and NumPy needs: their
// entries in the library's table of exports are led to the functions below. On Windows itself it
// changes nothing.
#include <complex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

// As Microsoft's C passes complex numbers.
typedef struct {
  float re, im;
} Single;
typedef struct {
  double re, im;
} Double;
static float complex single(Single x) { return __builtin_complex(x.re, x.im); }
static double complex twice(Double x) { return __builtin_complex(x.re, x.im); }
static Single from_single(float complex x) { return (Single){crealf(x), cimagf(x)}; }
static Double from_double(double complex x) { return (Double){creal(x), cimag(x)}; }

#define COMPLEX_FUNCTIONS(X)                                                                      \
  X(cacos)                                                                                        \
  X(cacosh)                                                                                       \
  X(casin)                                                                                        \
  X(casinh) X(catan) X(catanh) X(ccos) X(ccosh) X(cexp) X(clog) X(conj) X(cproj) X(csin) X(csinh) \
      X(csqrt) X(ctan) X(ctanh)
#define REAL_FUNCTIONS(X) X(cabs) X(carg) X(cimag) X(creal)

#define DEFINE_COMPLEX(name)                                                        \
  static Single our_##name##f(Single x) { return from_single(name##f(single(x))); } \
  static Double our_##name(Double x) { return from_double(name(twice(x))); }
#define DEFINE_REAL(name)                                             \
  static float our_##name##f(Single x) { return name##f(single(x)); } \
  static double our_##name(Double x) { return name(twice(x)); }
COMPLEX_FUNCTIONS(DEFINE_COMPLEX)
REAL_FUNCTIONS(DEFINE_REAL)
static Single our_cpowf(Single x, Single y) { return from_single(cpowf(single(x), single(y))); }
static Double our_cpow(Double x, Double y) { return from_double(cpow(twice(x), twice(y))); }

// With Microsoft's compiler a long double is a double.
#define ROW(name)                                                     \
  {#name, (uintptr_t)our_##name}, {#name "l", (uintptr_t)our_##name}, \
      {#name "f", (uintptr_t)our_##name##f},
static const struct {
  const char* name;
  uintptr_t function;
} functions[] = {COMPLEX_FUNCTIONS(ROW) REAL_FUNCTIONS(ROW) ROW(cpow)};
enum { function_count = sizeof(functions) / sizeof(functions[0]), jump_bytes = 16 };

// Memory for jumps behind a library: its table of exports holds 32-bit distances from its start.
static uint8_t* memory_behind(uint8_t* base, size_t size) {
  for (uintptr_t distance = size; distance < 0x70000000; distance += 0x10000) {
    void* const address = (void*)(((uintptr_t)base + distance + 0xffff) & ~(uintptr_t)0xffff);
    uint8_t* const memory = VirtualAlloc(address, function_count * jump_bytes,
                                         MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    if (memory) return memory;
  }
  return NULL;
}

static void complete_wine(void) {
  if (!GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "wine_get_version")) return;
  uint8_t* const base = (uint8_t*)LoadLibraryW(L"ucrtbase.dll");
  if (!base) return;
  const IMAGE_NT_HEADERS64* header =
      (const void*)(base + ((const IMAGE_DOS_HEADER*)base)->e_lfanew);
  const IMAGE_EXPORT_DIRECTORY* exports =
      (const void*)(base + header->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT]
                               .VirtualAddress);
  const DWORD* names = (const void*)(base + exports->AddressOfNames);
  const WORD* ordinals = (const void*)(base + exports->AddressOfNameOrdinals);
  DWORD* const addresses = (void*)(base + exports->AddressOfFunctions);
  uint8_t* jump = memory_behind(base, header->OptionalHeader.SizeOfImage);
  DWORD protection;
  if (!jump || !VirtualProtect(addresses, exports->NumberOfFunctions * sizeof(DWORD),
                               PAGE_READWRITE, &protection))
    return;
  for (DWORD i = 0; i < exports->NumberOfNames; ++i) {
    for (int f = 0; f < function_count; ++f) {
      if (strcmp((const char*)base + names[i], functions[f].name) != 0) continue;
      memcpy(jump, "\x48\xb8", 2);  // mov rax, function
      memcpy(jump + 2, &functions[f].function, 8);
      memcpy(jump + 10, "\xff\xe0", 2);  // jmp rax
      addresses[ordinals[i]] = (DWORD)(jump - base);
      jump += jump_bytes;
    }
  }
  VirtualProtect(addresses, exports->NumberOfFunctions * sizeof(DWORD), protection, &protection);
}

int wmain(int count, wchar_t** arguments) {
  complete_wine();
  HMODULE const python = LoadLibraryW(L"python311.dll");
  int (*const main)(int, wchar_t**) = python ? (void*)GetProcAddress(python, "Py_Main") : NULL;
  if (main) return main(count, arguments);
  fprintf(stderr, "python311.dll does not load (Windows error %lu)\n", GetLastError());
  return 127;
}
