package knowledge

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settled is how long a folder must be quiet before a change is told: editors and
// copies write in several steps.
const settled = 200 * time.Millisecond

// Watch calls changed soon after something in the folder has, until ctx is done or
// the system has no more watches to give. It is a hint: network file systems give
// none, so the folder has to be looked at now and then all the same.
func (f *Folder) Watch(ctx context.Context, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch knowledge folder %s: %w", f.name, err)
	}
	defer w.Close()                          //nolint:errcheck // it only watched
	dir, err := filepath.EvalSymlinks(f.dir) // the folder itself may be a link
	if err == nil {
		err = watchBelow(w, dir)
	}
	if err != nil {
		return fmt.Errorf("watch knowledge folder %s: %w", f.name, err)
	}
	quiet := time.NewTimer(settled)
	quiet.Stop()
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-w.Events:
			if !open {
				return nil
			}
			if e.Has(fsnotify.Create) {
				_ = watchBelow(w, e.Name) // a file, or already gone
			}
			quiet.Reset(settled)
		case err := <-w.Errors:
			// Events were lost, so anything may have changed.
			if err != nil {
				quiet.Reset(settled)
			}
		case <-quiet.C:
			changed()
		}
	}
}

// watchBelow watches a folder and those in it. Folders and not files: an editor
// puts another file in the place of the one it changes, and so does Kubernetes
// with a whole folder of links.
func watchBelow(w *fsnotify.Watcher, dir string) error {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return err
	}
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return nil //nolint:nilerr // what cannot be looked at is refused when it is read
		case name != dir && strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(entry.Name(), ".."):
			return fs.SkipDir
		}
		return w.Add(name)
	})
}
