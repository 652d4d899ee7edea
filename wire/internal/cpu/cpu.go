// Package cpu reports which vector instructions the kernels may use. Without
// amd64, or with the build tag purego, it reports none.
package cpu

// HasAVX2 and HasAVX512 report whether the processor has the instructions and
// the system saves their registers. HasAVX512 means the Foundation and Byte and
// Word subsets.
var HasAVX2, HasAVX512 bool
