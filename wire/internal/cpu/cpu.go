// Package cpu reports which vector instructions the kernels may use. On other
// architectures than amd64, and with the build tag purego, it reports none.
package cpu

// HasAVX2 and HasAVX512 report whether the processor supports the instructions and the
// operating system saves their registers. HasAVX512 covers the subsets Foundation, and
// Byte and Word.
var HasAVX2, HasAVX512 bool
