//go:build race

package extensions_test

const raceEnabled = true
