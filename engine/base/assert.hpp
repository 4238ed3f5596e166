// Assertions for our own bugs, on in release too. Never for input: a bad row or reply is answered, not
// asserted.
#pragma once

namespace sluice {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace sluice

#define SLUICE_ASSERT(expression)                                  \
  do {                                                             \
    if (!(expression)) [[unlikely]]                                \
      ::sluice::assertion_failed(#expression, __FILE__, __LINE__); \
  } while (false)
