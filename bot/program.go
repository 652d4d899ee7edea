package bot

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
	"github.com/evanw/esbuild/pkg/api"
)

// A Program is a script that has been compiled. Many bots may run it, at the same time.
type Program struct {
	program  *goja.Program
	isModule bool // the program is a function, which runs the module
}

// Compile compiles a script or a module, in JavaScript or, if the name ends in .ts, in
// TypeScript. It is a module if the name ends in .mjs or .mts, or if it has import, export or
// an await outside of functions. It cannot import anything; see CompileFile.
func Compile(name string, source []byte) (*Program, error) {
	return compile(name, string(source), func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{}, errors.New("this script may not import anything, but imports " + args.Path)
	}, nil)
}

// CompileFile compiles a file like Compile. It may import other files, also in TypeScript or
// JSON, and packages in a folder node_modules, as a bundler for browsers finds them.
//
// imports returns the source of a module that it imports by a name, for instance
// "https://example.com/lib.js", or false if it is to be found as a file. It may be nil. Nothing
// is loaded from the network.
func CompileFile(path string, imports Imports) (*Program, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return compile(path, string(source), func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		if _, ok := imports.source(args.Path); ok {
			return api.OnResolveResult{Path: args.Path, Namespace: givenModules}, nil
		}
		if strings.Contains(args.Path, "://") {
			return api.OnResolveResult{}, errors.New("nothing is loaded from the network: save the module, and import the file")
		}
		return api.OnResolveResult{}, nil
	}, imports)
}

// Imports returns the source of a module, in JavaScript or TypeScript, and whether it knows it.
type Imports func(name string) (source string, ok bool)

func (i Imports) source(name string) (string, bool) {
	if i == nil {
		return "", false
	}
	return i(name)
}

// givenModules is the namespace of the modules that CompileFile was given.
const givenModules = "given"

type resolver = func(api.OnResolveArgs) (api.OnResolveResult, error)

func compile(name, source string, resolve resolver, imports Imports) (*Program, error) {
	ext := filepath.Ext(name)
	if ext != ".mjs" && loaderOf(name) == api.LoaderJS {
		// A map of the source could name any file.
		if ast, err := goja.Parse(name, source, parser.WithDisableSourceMaps); err == nil {
			if p, err := goja.CompileAST(ast, false); err == nil {
				return &Program{program: p}, nil
			}
		}
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		Stdin: &api.StdinOptions{
			Contents:   `import * as all from ` + strconv.Quote(path) + `; __exports(all)`,
			ResolveDir: filepath.Dir(path),
			Sourcefile: "bot",
		},
		Plugins:       []api.Plugin{plugin(path, source, resolve, imports)},
		Bundle:        true,
		Metafile:      true,
		AbsWorkingDir: filepath.Dir(path),
		Format:        api.FormatESModule,
		Platform:      api.PlatformBrowser,
		Target:        target,
		Supported:     missing,
		Sourcemap:     api.SourceMapInline,
		LogLevel:      api.LogLevelSilent,
		Banner:        map[string]string{"js": "(async __exports => {"},
		Footer:        map[string]string{"js": "})"},
	})
	if err := errorOf(result.Errors); err != nil {
		return nil, err
	}
	if ext != ".mjs" && ext != ".mts" && !isModule(result.Metafile, filepath.Base(path)) {
		return compileScript(name, source)
	}
	p, err := goja.Compile(name, string(result.OutputFiles[0].Contents), true)
	if err != nil {
		return nil, err
	}
	return &Program{p, true}, nil
}

// isModule reports whether a file has the syntax of a module. metafile is what esbuild says
// about the files of a program.
func isModule(metafile, name string) bool {
	var meta struct {
		Inputs map[string]struct{ Format string }
	}
	return json.Unmarshal([]byte(metafile), &meta) == nil && meta.Inputs[name].Format == "esm"
}

// target and missing say what the engine knows of the language. esbuild replaces the rest.
const target = api.ES2022

var missing = map[string]bool{"async-generator": false, "for-await": false, "dynamic-import": false}

// compileScript compiles a script that is not a module, and that the engine does not take
// as it is.
func compileScript(name, source string) (*Program, error) {
	result := api.Transform(source, api.TransformOptions{
		Sourcefile: name,
		Loader:     loaderOf(name),
		Target:     target,
		Supported:  missing,
		Sourcemap:  api.SourceMapInline,
		LogLevel:   api.LogLevelSilent,
	})
	if err := errorOf(result.Errors); err != nil {
		return nil, err
	}
	p, err := goja.Compile(name, string(result.Code), false)
	if err != nil {
		return nil, err
	}
	return &Program{program: p}, nil
}

func loaderOf(name string) api.Loader {
	switch filepath.Ext(name) {
	case ".ts", ".mts", ".cts":
		return api.LoaderTS
	case ".tsx":
		return api.LoaderTSX
	}
	return api.LoaderJS
}

// plugin finds the modules of a program.
func plugin(path, source string, resolve resolver, imports Imports) api.Plugin {
	return api.Plugin{Name: "bot", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			if args.Path == path {
				return api.OnResolveResult{Path: path}, nil
			}
			return resolve(args)
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			if args.Path != path {
				return api.OnLoadResult{}, nil
			}
			dir := filepath.Dir(path)
			return api.OnLoadResult{Contents: &source, Loader: loaderOf(path), ResolveDir: dir}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: givenModules}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			contents, _ := imports.source(args.Path)
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderTS}, nil
		})
	}}
}

// errorOf returns the errors of esbuild as one.
func errorOf(messages []api.Message) error {
	if len(messages) == 0 {
		return nil
	}
	lines := api.FormatMessages(messages, api.FormatMessagesOptions{Kind: api.ErrorMessage})
	return errors.New(strings.TrimSpace(strings.Join(lines, "")))
}
