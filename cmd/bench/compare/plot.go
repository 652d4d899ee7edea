//go:build linux

package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/template"

	"github.com/airsocket/airsocket/cmd/bench/internal/result"
	"github.com/airsocket/airsocket/internal/report"
)

//go:embed growth.svg.tmpl
var growthText string

var growthTemplate = template.Must(template.New("growth.svg").Parse(growthText))

// Dimensions of the plot, in units of the SVG.
const (
	plotWidth, plotHeight = 360, 260
	marginLeft, marginTop = 56, 48
	panelGap              = 70
	legendBelow           = 66
	legendLeft            = 30
	legendStep            = 142
)

// colors are used for the lines, in the order of growthPeers.
var colors = []string{"#d62728", "#ff9896", "#7f7f7f", "#1f77b4", "#2ca02c", "#9467bd"}

// A drawing is the data for the template.
type drawing struct {
	Width, Height, PlotWidth, PlotHeight, Middle, LegendY int
	Panels                                                []panel
	Legend                                                []legend
}

type legend struct {
	X           int
	Name, Color string
	Dashed      bool
}

type panel struct {
	X, Y           int
	Title          string
	XTicks, YTicks []tick
	Lines          []line
}

type tick struct {
	At    float64
	Label string
}

type line struct {
	Color  string
	Dashed bool
	Points string
	Dots   []dot
}

type dot struct{ X, Y float64 }

// A series holds the figures of one peer, one for each number of connections. A
// negative figure means that there is none.
type series struct {
	name    string
	dashed  bool
	figures []float64
}

var errNoGrowth = errors.New("there are no runs of the growth scenarios")

// drawGrowth writes a plot to file that shows how cost grows with the number of
// connections.
func drawGrowth(file string, all map[string]runs) error {
	cpu := gather(all, "growth/cpu/c%d", cost)
	memory := gather(all, "growth/memory/c%d", func(r *result.Result) float64 { return weight(r) / 1024 })
	if len(cpu) == 0 || len(memory) == 0 {
		return errNoGrowth
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := draw(f, growthSizes, cpu, memory); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// gather returns the medians of the peers that have results.
func gather(all map[string]runs, name string, m metric) (lines []series) {
	for _, p := range growthPeers() {
		s := series{name: p.name, dashed: p.raw()}
		some := false
		for _, n := range growthSizes {
			good := all[fmt.Sprintf(name, n)].of(p.name)
			if len(good) == 0 {
				s.figures = append(s.figures, -1)
				continue
			}
			some = true
			s.figures = append(s.figures, median(good.values(m)))
		}
		if some {
			lines = append(lines, s)
		}
	}
	return lines
}

// draw writes the SVG.
func draw(w io.Writer, sizes []int, cpu, memory []series) error {
	d := drawing{
		Width:      marginLeft + 2*plotWidth + panelGap + 20,
		Height:     marginTop + plotHeight + legendBelow + 16,
		PlotWidth:  plotWidth,
		PlotHeight: plotHeight,
		Middle:     plotWidth / 2,
		LegendY:    marginTop + plotHeight + legendBelow,
	}
	d.Panels = []panel{
		newPanel(marginLeft, "CPU µs per message, 125 B, one in flight", sizes, cpu),
		newPanel(marginLeft+plotWidth+panelGap, "KiB of memory per idle connection", sizes, memory),
	}
	for i, s := range cpu {
		d.Legend = append(d.Legend, legend{legendLeft + i*legendStep, s.name, colors[i%len(colors)], s.dashed})
	}
	return growthTemplate.Execute(w, d)
}

func newPanel(x int, title string, sizes []int, lines []series) panel {
	p := panel{X: x, Y: marginTop, Title: title}
	top := 0.0
	for _, s := range lines {
		for _, v := range s.figures {
			top = max(top, v)
		}
	}
	step := report.Step(top)
	top = max(step*math.Ceil(top/step), step)
	for v := 0.0; v <= top+step/2; v += step {
		p.YTicks = append(p.YTicks, tick{height(v, top), fmt.Sprintf("%g", v)})
	}
	for _, n := range sizes {
		p.XTicks = append(p.XTicks, tick{across(n, sizes), thousands(n)})
	}
	for i, s := range lines {
		p.Lines = append(p.Lines, newLine(s, sizes, top, colors[i%len(colors)]))
	}
	return p
}

func newLine(s series, sizes []int, top float64, color string) line {
	l := line{Color: color, Dashed: s.dashed}
	var points []string
	for i, v := range s.figures {
		if v < 0 {
			continue
		}
		at := dot{across(sizes[i], sizes), height(v, top)}
		l.Dots = append(l.Dots, at)
		points = append(points, fmt.Sprintf("%g,%g", at.X, at.Y))
	}
	l.Points = strings.Join(points, " ")
	return l
}

// thousands formats n, with a k for thousands if n is a multiple of 1000.
func thousands(n int) string {
	if n >= 1000 && n%1000 == 0 {
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}

// across returns the position of n on the logarithmic axis of sizes, which are
// in ascending order.
func across(n int, sizes []int) float64 {
	low, high := math.Log(float64(sizes[0])), math.Log(float64(sizes[len(sizes)-1]))
	if low == high {
		return plotWidth / 2
	}
	return tenth((0.04 + 0.92*(math.Log(float64(n))-low)/(high-low)) * plotWidth)
}

func height(v, top float64) float64 { return tenth(plotHeight * (1 - v/top)) }

func tenth(v float64) float64 { return math.Round(10*v) / 10 }
