package report

import (
	"math"
	"slices"
)

// The dimensions of a plot, in units of the SVG. It is as wide as a phone, so that its
// texts have a readable size there.
const (
	drawingWidth, drawingHeight = 420, 250
	plotLeft, plotTop           = 58, 12
	plotWidth, plotHeight       = 346, 190
)

// A drawing is a Chart in coordinates of the SVG, for the template.
type drawing struct {
	Title, XLabel, YLabel string
	Width, Height         float64
	Left, Right           float64 // of the plot
	Top, Bottom, Middle   float64
	TickEnd               float64 // of the ticks below the plot
	XTicks, YTicks        []tick
	Lines                 []drawnLine
	Bars                  []bar
}

// Backwards returns the lines from the last to the first, so that the first is drawn above
// the others.
func (d drawing) Backwards() []drawnLine {
	lines := slices.Clone(d.Lines)
	slices.Reverse(lines)
	return lines
}

type tick struct {
	At   float64
	Text string
}

type drawnLine struct {
	Name  string
	Color int      // from 1; the template has the colors
	Parts []string // points of polylines, which gaps separate
	Dots  []dot    // points that stand alone
}

type dot struct{ X, Y float64 }

type bar struct{ X, Y, Width, Height float64 }

// draw returns the drawing of c. ok is false if c has no points.
func draw(c Chart) (d drawing, ok bool) {
	s, ok := scaleFor(c)
	if !ok {
		return drawing{}, false
	}
	d = drawing{
		Title: c.Title, XLabel: c.X.Label, YLabel: c.Y.Label,
		Width: drawingWidth, Height: drawingHeight,
		Left: plotLeft, Right: plotLeft + plotWidth,
		Top: plotTop, Bottom: plotTop + plotHeight, Middle: plotLeft + plotWidth/2,
		TickEnd: plotTop + plotHeight + 4,
		XTicks:  s.xTicks(c.X), YTicks: s.yTicks(c.Y),
	}
	if c.Bars {
		d.Bars = s.bars(c.Lines[0].Points)
		return d, true
	}
	for i, l := range c.Lines {
		line := s.line(l)
		line.Color = i + 1
		d.Lines = append(d.Lines, line)
	}
	return d, true
}

// A scale converts the numbers of a Chart to coordinates.
type scale struct {
	low, high float64 // along X
	top       float64 // along Y, from 0
	log       bool    // along X
}

func scaleFor(c Chart) (s scale, ok bool) {
	s = scale{low: math.Inf(1), high: math.Inf(-1), log: c.X.Log}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if math.IsNaN(p.X) || math.IsNaN(p.Y) {
				continue
			}
			s.low, s.high = min(s.low, p.X), max(s.high, p.X)
			s.top = max(s.top, p.Y)
			ok = true
		}
	}
	switch {
	case !s.log:
		s.low = min(s.low, 0)
	case s.low <= 0:
		s.low = math.SmallestNonzeroFloat64
	}
	if s.high <= s.low {
		s.high = s.low + 1
	}
	if s.top <= 0 {
		s.top = 1
	}
	step := Step(s.top)
	s.top = step * math.Ceil(s.top/step-1e-9)
	return s, ok
}

func (s scale) x(v float64) float64 {
	low, high := s.low, s.high
	if s.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return tenth(plotLeft + plotWidth*(v-low)/(high-low))
}

func (s scale) y(v float64) float64 { return tenth(plotTop + plotHeight*(1-v/s.top)) }

func (s scale) yTicks(a Axis) (all []tick) {
	step := Step(s.top)
	for i := 0.0; i*step <= s.top*1.0001; i++ {
		all = append(all, tick{s.y(i * step), a.Unit.Format(round(i * step))})
	}
	return all
}

// maxXTicks is how many texts fit below the plot.
const maxXTicks = 7

func (s scale) xTicks(a Axis) (all []tick) {
	if s.log {
		return s.logTicks(a)
	}
	step := Step(s.high - s.low)
	if (s.high-s.low)/step+1 > maxXTicks {
		step *= 2
	}
	for i := math.Ceil(s.low / step); i*step <= s.high*1.0001; i++ {
		all = append(all, tick{s.x(i * step), a.Unit.Format(round(i * step))})
	}
	return all
}

// logTicks returns the powers of ten, with their double and fivefold if there is room.
func (s scale) logTicks(a Axis) (all []tick) {
	for _, factors := range [][]float64{{1, 2, 5}, {1, 3}, {1}} {
		all = nil
		for e := math.Floor(math.Log10(s.low)); e <= math.Log10(s.high); e++ {
			for _, f := range factors {
				v := round(f * math.Pow(10, e))
				if v >= s.low*0.9999 && v <= s.high*1.0001 {
					all = append(all, tick{s.x(v), a.Unit.Format(v)})
				}
			}
		}
		if len(all) <= maxXTicks {
			break
		}
	}
	return all
}

func (s scale) line(l Line) drawnLine {
	out := drawnLine{Name: l.Name}
	var part []dot
	end := func() {
		switch {
		case len(part) == 1:
			out.Dots = append(out.Dots, part...)
		case len(part) > 1:
			out.Parts = append(out.Parts, points(part))
		}
		part = nil
	}
	for _, p := range l.Points {
		if math.IsNaN(p.X) || math.IsNaN(p.Y) {
			end()
			continue
		}
		part = append(part, dot{s.x(p.X), s.y(p.Y)})
	}
	end()
	return out
}

func (s scale) bars(all []Point) (out []bar) {
	for i, p := range all {
		if p.Y <= 0 || i+1 == len(all) {
			continue
		}
		left, right, top := s.x(p.X), s.x(all[i+1].X), s.y(p.Y)
		// A narrow gap separates the bars.
		out = append(out, bar{left, top, tenth(max(right-left-0.6, 0.6)), tenth(plotTop + plotHeight - top)})
	}
	return out
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

// round removes what is left of errors in the last digits of a sum.
func round(v float64) float64 {
	if v == 0 {
		return 0
	}
	digits := math.Pow(10, 9-math.Ceil(math.Log10(math.Abs(v))))
	return math.Round(v*digits) / digits
}
