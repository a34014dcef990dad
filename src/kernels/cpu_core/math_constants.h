// Constants of our own exp and tanh, shared by the scalar definition (math.h) and the vector code (lanes_math.h).
#pragma once

namespace weft {

// x = n ln2 + r: n by adding and subtracting 1.5 * 2^23, ln2 in two parts so that n * kLn2High is exact.
constexpr float kLog2E = 1.44269504088896341f;
constexpr float kRoundingShift = 12582912.0f;
constexpr float kLn2High = 0.693359375f;
constexpr float kLn2Low = -2.12194440e-4f;

// e^r = 1 + r + r^2 P(r) on |r| <= 0.347: Chebyshev fit of P, error of e^r below 8e-9 before rounding.
constexpr float kExpP0 = 0.5f;
constexpr float kExpP1 = 0.16666576f;
constexpr float kExpP2 = 0.041666552f;
constexpr float kExpP3 = 0.008363247f;
constexpr float kExpP4 = 0.0013926268f;

constexpr float kExpLowest = -87.33654f;   // below: exp is 0, results are never denormal
constexpr float kExpHighest = 88.722839f;  // above: exp is infinite
constexpr float kTanhSaturation = 9.5f;    // from here on tanh rounds to 1

// gelu_tanh(x) = x / (1 + exp(-x (a + b x^2))), the identity of 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
constexpr float kGeluA = 1.5957691216057308f;
constexpr float kGeluB = 0.071354816272445f;

}  // namespace weft
