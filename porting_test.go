package airsocket_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// guides has the guides for porting, with the number of names of the library that each
// has at least.
var guides = map[string]int{"PORTING.md": 300, "PORTING-GO.md": 300}

// guideLines returns the lines of a guide, without those of its programs, which are
// compiled in cmd/bench/porting.
func guideLines(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	isProgram := false
	for i, line := range lines {
		fence := strings.HasPrefix(line, "```")
		if fence || isProgram {
			lines[i] = ""
		}
		isProgram = isProgram != fence
	}
	return lines
}

// inCode matches what is in code type.
var inCode = regexp.MustCompile("`[^`]+`")

// TestPortingGuide checks that the names in the guides exist. Everything in code
// type is Go, except in the first column of the tables.
func TestPortingGuide(t *testing.T) {
	all := exportedNames(t)
	for guide, least := range guides {
		checked := 0
		for i, line := range guideLines(t, guide) {
			if row, ok := strings.CutPrefix(line, "|"); ok {
				_, line, _ = strings.Cut(row, "|")
			}
			for _, quoted := range inCode.FindAllString(line, -1) {
				checked++
				if err := all.check(strings.Trim(quoted, "`")); err != nil {
					t.Errorf("%s:%d: %s: %v", guide, i+1, quoted, err)
				}
			}
		}
		if checked < least {
			t.Errorf("only %d names were found in %s", checked, guide)
		}
	}
	for _, bad := range []string{"Socket.Sned", "Sokcet", "wire.Txet", "Options{Prats: true}", "Request.Methud", "wire.Decoder.Fed", "OpenEvent.Taget", "NewSocket(AS4Options())", "blocking.Conn.Raed"} {
		if all.check(bad) == nil {
			t.Errorf("%s passes as a name", bad)
		}
	}
}

// TestPortingGuideTables checks that every row has as many cells as its table, and
// that no foreign member is in a table twice.
func TestPortingGuideTables(t *testing.T) {
	for guide := range guides {
		cells := 0
		seen := map[string]bool{}
		for i, line := range guideLines(t, guide) {
			if !strings.HasPrefix(line, "|") {
				cells, seen = 0, map[string]bool{}
				continue
			}
			row := strings.Split(line, "|")
			if cells == 0 {
				cells = len(row)
			}
			if len(row) != cells {
				t.Errorf("%s:%d has %d cells, its table %d", guide, i+1, len(row)-2, cells-2)
			}
			member := strings.TrimSpace(row[1])
			if member != "" && seen[member] {
				t.Errorf("%s:%d: %s is in the table twice", guide, i+1, member)
			}
			seen[member] = true
		}
	}
}

// exported holds the exported names of the library's packages and, with a dot
// before them, the members of its types.
type exported map[string]bool

// exportedNames returns the names of the packages. Names of the root package are
// not qualified.
func exportedNames(t *testing.T) exported {
	t.Helper()
	all := exported{}
	for _, dir := range []string{"wire", "extensions", "handshake", "blocking", "inspector", "."} {
		fset := token.NewFileSet()
		var files []*ast.File
		paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range paths {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		pkg, err := doc.NewFromFiles(fset, files, path.Join(module, dir), doc.AllDecls)
		if err != nil {
			t.Fatal(err)
		}
		prefix := dir + "."
		if dir == "." {
			prefix = ""
		}
		all.add(prefix, pkg)
	}
	return all
}

func (all exported) add(prefix string, pkg *doc.Package) {
	values := slices.Concat(pkg.Consts, pkg.Vars)
	funcs := slices.Clone(pkg.Funcs)
	for _, typ := range pkg.Types {
		all[prefix+typ.Name] = true
		values = slices.Concat(values, typ.Consts, typ.Vars)
		funcs = append(funcs, typ.Funcs...)
		for _, m := range typ.Methods {
			all[prefix+typ.Name+"."+m.Name] = true
		}
	}
	for _, v := range values {
		for _, name := range v.Names {
			all[prefix+name] = true
		}
	}
	for _, f := range funcs {
		all[prefix+f.Name] = true
	}
	for _, typ := range pkg.Types {
		for _, spec := range typ.Decl.Specs {
			if spec, ok := spec.(*ast.TypeSpec); ok {
				all.addFields(prefix, spec)
			}
		}
	}
}

// addFields adds the fields of a struct or the methods of an interface, including
// promoted ones.
func (all exported) addFields(prefix string, spec *ast.TypeSpec) {
	var fields []*ast.Field
	switch typ := spec.Type.(type) {
	case *ast.StructType:
		fields = typ.Fields.List
	case *ast.InterfaceType:
		fields = typ.Methods.List
	}
	for _, field := range fields {
		for _, name := range field.Names {
			all[prefix+spec.Name.Name+"."+name.Name] = true
		}
		if len(field.Names) > 0 {
			continue
		}
		embedded := source(field.Type)
		if !strings.Contains(embedded, ".") {
			embedded = prefix + embedded
		}
		for name := range all {
			if member, ok := strings.CutPrefix(name, embedded+"."); ok && !strings.Contains(member, ".") {
				all[prefix+spec.Name.Name+"."+member] = true
			}
		}
	}
}

// check returns an error if a name in the expression does not exist in the library.
// Names of the standard library, variables and literals pass.
func (all exported) check(expr string) error {
	e, err := parser.ParseExpr(expr)
	if err != nil {
		return err
	}
	for _, name := range all.uses(e) {
		if !all[name] && !elsewhere(name) {
			return fmt.Errorf("there is no %s", name)
		}
	}
	return nil
}

// uses returns the names in an expression, qualified as far as that is possible
// without types.
func (all exported) uses(e ast.Expr) (used []string) {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return append(all.uses(e.X), all.uses(e.Y)...)
	case *ast.CallExpr:
		used = all.uses(e.Fun)
		for _, arg := range e.Args {
			used = append(used, all.uses(arg)...)
		}
	case *ast.CompositeLit:
		used = all.uses(e.Type)
		for _, elt := range e.Elts {
			if kv, ok := elt.(*ast.KeyValueExpr); ok {
				used = append(used, source(e.Type)+"."+source(kv.Key))
			}
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			return []string{x.Name + "." + e.Sel.Name}
		}
		if pkg, _, _ := strings.Cut(source(e), "."); slices.Contains(layers, pkg) {
			return []string{source(e)} // a member of a type of that package
		}
		return all.uses(e.X) // a member of whatever that is
	case *ast.Ident:
		return []string{e.Name}
	}
	return used
}

// elsewhere reports whether name is a variable or a name of the standard library.
func elsewhere(name string) bool {
	first, _, qualified := strings.Cut(name, ".")
	if qualified {
		return slices.Contains([]string{"r", "net", "time"}, first)
	}
	return slices.Contains([]string{"airsocket", "nil", "string"}, name)
}

func source(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return source(e.X)
	case *ast.SelectorExpr:
		return source(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}
