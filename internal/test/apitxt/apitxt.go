// Package apitxt lists what packages export: the public packages, for the file api.txt
// beside each of them, and other libraries, for the guide to porting from them. Its test
// fails when an api.txt is not up to date.
package apitxt

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// List returns a sorted list of what pkg exports, a name with its type on each line,
// fields of structs and methods included. The first word says what the name is: const,
// field, func, method, type or var. What a type has because it embeds an exported type
// is not listed again.
func List(pkg *types.Package) []string {
	l := &lister{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			l.object(obj)
		}
	}
	slices.Sort(l.lines)
	return l.lines
}

type lister struct {
	pkg   *types.Package
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...))
}

// qualifier returns the name of the package of a type, as it is written in
// code.
func (l *lister) qualifier(p *types.Package) string {
	if p == l.pkg {
		return ""
	}
	return p.Name()
}

func (l *lister) typ(t types.Type) string { return types.TypeString(t, l.qualifier) }

// signature returns the type parameters, parameters and results of a function.
func (l *lister) signature(f *types.Func) string {
	return strings.TrimPrefix(l.typ(f.Type()), "func")
}

func (l *lister) object(obj types.Object) {
	switch obj := obj.(type) {
	case *types.Const:
		l.add("const %s %s = %s", obj.Name(), l.typ(obj.Type()), obj.Val().ExactString())
	case *types.Var:
		l.add("var %s %s", obj.Name(), l.typ(obj.Type()))
	case *types.Func:
		l.add("func %s%s", obj.Name(), l.signature(obj))
	case *types.TypeName:
		l.typeName(obj)
	}
}

func (l *lister) typeName(obj *types.TypeName) {
	if obj.IsAlias() {
		l.add("type %s = %s", obj.Name(), l.typ(types.Unalias(obj.Type())))
		return
	}
	named := obj.Type().(*types.Named)
	head := obj.Name()
	if params := named.TypeParams(); params.Len() > 0 {
		head = l.typ(named) // with the type parameters and their constraints
	}
	switch under := named.Underlying().(type) {
	case *types.Struct:
		l.add("type %s struct", head)
		l.fields(obj.Name(), under)
	case *types.Interface:
		l.add("type %s interface%s", head, sealed(under))
	default:
		l.add("type %s %s", head, l.typ(under))
	}
	l.methods(named)
}

// sealed returns a remark if other packages cannot implement an interface.
func sealed(t *types.Interface) string {
	for m := range t.Methods() {
		if !m.Exported() {
			return " // sealed"
		}
	}
	return ""
}

// fields lists the fields of a struct, including those of embedded structs that
// are not exported.
func (l *lister) fields(of string, t *types.Struct) {
	for f := range t.Fields() {
		switch inner, isStruct := f.Type().Underlying().(*types.Struct); {
		case f.Exported() && f.Embedded():
			l.add("field %s.%s // embedded", of, l.typ(f.Type()))
		case f.Exported():
			l.add("field %s.%s %s", of, f.Name(), l.typ(f.Type()))
		case f.Embedded() && isStruct:
			l.fields(of, inner)
		}
	}
}

func (l *lister) methods(named *types.Named) {
	name := named.Obj().Name()
	byValue := types.NewMethodSet(named)
	all := byValue
	if !types.IsInterface(named) {
		all = types.NewMethodSet(types.NewPointer(named))
	}
	for m := range all.Methods() {
		if !m.Obj().Exported() || fromExported(named, m.Index()) {
			continue
		}
		receiver := "*" + name
		if byValue.Lookup(l.pkg, m.Obj().Name()) != nil {
			receiver = name
		}
		l.add("method (%s) %s%s", receiver, m.Obj().Name(), l.signature(m.Obj().(*types.Func)))
	}
}

// fromExported reports whether a method is promoted through an embedded field that
// is exported.
func fromExported(named *types.Named, way []int) bool {
	t := named.Underlying()
	for _, i := range way[:len(way)-1] {
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem().Underlying()
		}
		f := t.(*types.Struct).Field(i)
		if f.Exported() {
			return true
		}
		t = f.Type().Underlying()
	}
	return false
}
