package report

import (
	"encoding/json"
	"math"
)

// A Chart is a plot of lines, or of bars.
type Chart struct {
	Title string
	X, Y  Axis
	Lines []Line
	Bars  bool // of the first line: a bar from each point to the next one
}

// An Axis says what the numbers along it mean.
type Axis struct {
	Label string
	Unit  Unit
	Log   bool // logarithmic, for X only
}

// A Line is a line of a Chart.
type Line struct {
	Name   string
	Points []Point // with ascending X
}

// A Point is a point of a Line. If Y is NaN the line has a gap there.
type Point struct{ X, Y float64 }

// MarshalJSON returns an array of two numbers, or null for NaN.
func (p Point) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]jsonNumber{jsonNumber(p.X), jsonNumber(p.Y)})
}

// MarshalJSON returns the object that Report.WriteJSON describes.
func (c Chart) MarshalJSON() ([]byte, error) {
	type line struct {
		Name   string  `json:"name"`
		Points []Point `json:"points"`
	}
	lines := []line{}
	for _, l := range c.Lines {
		lines = append(lines, line{l.Name, append([]Point{}, l.Points...)})
	}
	return json.Marshal(struct {
		Title string `json:"title"`
		X     string `json:"x"`
		Y     string `json:"y"`
		Lines []line `json:"lines"`
	}{c.Title, c.X.Label, c.Y.Label, lines})
}

// Step returns the step between the ticks on an axis from 0 to top: 1, 2 or 5 times a
// power of ten, such that there are 4 to 10 steps.
func Step(top float64) float64 {
	if top <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top)))
	switch m := top / power; {
	case m < 2:
		return power / 5
	case m < 5:
		return power / 2
	}
	return power
}
