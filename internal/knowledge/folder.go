package knowledge

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// OpenFolder reads the documents of a real folder, as [ReadFolder] does. A
// link that leads out of the folder is refused, not followed.
func OpenFolder(name, dir string) ([]Document, []Refused, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open knowledge folder %s: %w", name, err)
	}
	defer root.Close()
	return ReadFolder(name, root.FS())
}

// ReadFolder reads every .md, .markdown and .txt file of fsys, in the order of
// their paths. A file that cannot be taken is among the refused with the
// reason, and the others are still read. Hidden files and folders, and files of
// another ending, are passed over. Links are followed to files, not to folders;
// for a real folder use [OpenFolder], which keeps them inside.
//
// The error is for a bad name, which becomes the documents' Source, and for a
// folder that cannot be read itself.
func ReadFolder(name string, fsys fs.FS) ([]Document, []Refused, error) {
	if err := checkSource(name); err != nil {
		return nil, nil, fmt.Errorf("knowledge folder %q: %w", name, err)
	}
	f := folder{name: name, fsys: fsys, taken: map[string]bool{}}
	if err := fs.WalkDir(fsys, ".", f.visit); err != nil {
		return nil, nil, fmt.Errorf("read knowledge folder %s: %w", name, err)
	}
	return f.docs, f.refused, nil
}

// folder collects what a walk over the files finds.
type folder struct {
	name    string
	fsys    fs.FS
	taken   map[string]bool // by path in form NFC
	docs    []Document
	refused []Refused
}

// visit is a [fs.WalkDirFunc].
func (f *folder) visit(name string, entry fs.DirEntry, err error) error {
	switch {
	case name == ".":
		return err
	case strings.HasPrefix(path.Base(name), "."):
		return passOver(entry)
	case err != nil:
		f.refuse(name, err)
		return passOver(entry)
	case !entry.IsDir():
		f.take(name, entry)
	}
	return nil
}

func passOver(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func (f *folder) take(name string, entry fs.DirEntry) {
	if entry.Type()&fs.ModeSymlink != 0 {
		if err := f.checkLink(name); err != nil {
			f.refuse(name, err)
			return
		}
	}
	if !isDocument(name) {
		return
	}
	doc, err := f.read(name)
	if err != nil {
		f.refuse(name, err)
		return
	}
	f.taken[doc.Path] = true
	f.docs = append(f.docs, doc)
}

func (f *folder) checkLink(name string) error {
	info, err := fs.Stat(f.fsys, name)
	if err != nil {
		return fmt.Errorf("the link cannot be followed: %w", plainCause(err))
	}
	if info.IsDir() {
		return errors.New("links to folders are not followed")
	}
	return nil
}

func (f *folder) read(name string) (Document, error) {
	if err := checkPath(name); err != nil {
		return Document{}, err
	}
	normal := norm.NFC.String(name)
	if f.taken[normal] {
		return Document{}, errors.New("another file has this name, in another Unicode form")
	}
	content, updated, err := f.content(name)
	if err != nil {
		return Document{}, err
	}
	return parse(f.name, normal, content, updated)
}

// content looks before it opens, since to open a pipe would wait for its writer.
func (f *folder) content(name string) ([]byte, time.Time, error) {
	info, err := fs.Stat(f.fsys, name)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, errors.New("it is not a regular file")
	}
	file, err := f.fsys.Open(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFileSize+1))
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(content) > maxFileSize {
		return nil, time.Time{}, fmt.Errorf("it is larger than %d bytes", maxFileSize)
	}
	return content, info.ModTime().UTC(), nil
}

func (f *folder) refuse(name string, err error) {
	quoted := strconv.Quote(name)
	f.refused = append(f.refused, Refused{
		Source: f.name, Path: quoted[1 : len(quoted)-1], Reason: oneLine(plainCause(err).Error()),
	})
}

// plainCause leaves out the path, which stands beside the reason anyway.
func plainCause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
