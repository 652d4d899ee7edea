// Package versions tests how the versions of the protocol differ for a program:
// what each version can do, and which versions clients and servers speak.
package versions
