// Package files serves the files of a folder.
package files

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// Open returns a handler that serves the files in dir and below it, but none whose name, or
// the name of a folder above it, begins with a dot. Links that lead out of dir are not
// followed. The caller closes the returned Root when it no longer serves.
func Open(dir string) (http.Handler, *os.Root, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, err
	}
	files := http.FileServerFS(visible{root.FS()})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache") // browsers ask whether it has changed
		files.ServeHTTP(w, r)
	}), root, nil
}

// visible is the part of a file system that is served.
type visible struct{ fs.FS }

// Open opens a file or a folder. Everything else, such as a pipe, would make the server wait.
func (v visible) Open(name string) (fs.File, error) {
	for part := range strings.SplitSeq(name, "/") {
		if isHidden(part) && part != "." {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	info, err := fs.Stat(v.FS, name)
	if e, ok := errors.AsType[syscall.Errno](err); ok && (e.Temporary() || errors.Is(e, fs.ErrPermission)) {
		return nil, err
	}
	if err != nil || !info.Mode().IsRegular() && !info.IsDir() { // such as a link that leads out
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := v.FS.Open(name)
	if dir, ok := f.(fs.ReadDirFile); ok && info.IsDir() {
		return folder{dir}, err
	}
	return f, err
}

func isHidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

// folder is a folder without what is hidden.
type folder struct{ fs.ReadDirFile }

// ReadDir returns the entries that are not hidden.
func (d folder) ReadDir(n int) ([]fs.DirEntry, error) {
	all, err := d.ReadDirFile.ReadDir(n)
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool { return isHidden(e.Name()) }), err
}
