// Package versions tests what a program sees of the versions of the protocol: what
// each can do, and which of them clients and servers speak.
package versions
