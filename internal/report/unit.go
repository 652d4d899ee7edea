package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Unit is what a number counts.
type Unit uint8

// The units. A Seconds value is printed with the unit that suits it, such as 1.25ms.
const (
	Count     Unit = iota
	Bytes          // printed with KiB, MiB and so on
	Seconds        // a time
	PerSecond      // a rate
	Share          // a part of a whole, from 0 to 1, printed as a percentage
)

// Format returns v with its unit, in three or four digits if it is not a whole number.
func (u Unit) Format(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case u == Seconds:
		return formatSeconds(v)
	case u == Bytes:
		return formatBytes(v)
	case u == PerSecond:
		return digits(v) + "/s"
	case u == Share:
		return digits(100*v) + "%"
	}
	return digits(v)
}

func digits(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatInt(int64(v), 10)
	}
	switch a := math.Abs(v); {
	case a >= 1000:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func formatSeconds(v float64) string {
	a := math.Abs(v)
	switch {
	case a == 0:
		return "0s"
	case a < 999.5e-9:
		return digits(math.Round(v*1e9)) + "ns"
	case a < 999.5e-6:
		return threeDigits(v*1e6) + "µs"
	case a < 999.5e-3:
		return threeDigits(v*1e3) + "ms"
	case a < 100:
		return threeDigits(v) + "s"
	}
	text := time.Duration(math.Round(v) * float64(time.Second)).String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	return strings.Replace(text, "h0m", "h", 1)
}

// threeDigits formats v, which is less than 1000, with three digits, but without zeros at
// the end of a fraction.
func threeDigits(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

func formatBytes(v float64) string {
	if math.Abs(v) < 1024 {
		return digits(v) + " B"
	}
	for _, unit := range []string{"KiB", "MiB", "GiB"} {
		if v /= 1024; math.Abs(v) < 1024 {
			return fmt.Sprintf("%.4g %s", v, unit)
		}
	}
	return fmt.Sprintf("%.4g TiB", v/1024)
}
