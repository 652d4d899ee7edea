package bot

import (
	"maps"
	"slices"
)

// GlobalNames are the names of all globals that bots have beside those of the language.
var GlobalNames = slices.Sorted(maps.Keys(allGlobals))
