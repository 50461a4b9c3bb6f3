package knowledge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// Refused is a file that looked like a document and was not taken. Path and
// Reason are safe to print: in a strange name the odd characters are escaped.
type Refused struct{ Source, Path, Reason string }

// Folder is a folder of Markdown, HTML and text files as a [Source]. Hidden files
// and folders, and files of another ending, are passed over. A link is followed
// to a file inside the folder and no further.
type Folder struct{ name, dir string }

// NewFolder makes a source of the folder at dir, which need not exist yet.
func NewFolder(name, dir string) (*Folder, error) {
	if err := CheckSource(name); err != nil {
		return nil, fmt.Errorf("knowledge folder %q: %w", name, err)
	}
	return &Folder{name: name, dir: dir}, nil
}

// Name implements [Source].
func (f *Folder) Name() string { return f.name }

// Dir is where the files are.
func (f *Folder) Dir() string { return f.dir }

// Sync implements [Source]. Every file is read each time, since sizes and times do
// not always change with what is in it.
func (f *Folder) Sync(ctx context.Context, last State, put func(File) error) (State, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return State{}, fmt.Errorf("open knowledge folder %s: %w", f.name, err)
	}
	defer root.Close()
	w := walk{ctx: ctx, fsys: root.FS(), last: last, put: put, now: State{Marks: map[string]string{}}}
	if err := fs.WalkDir(w.fsys, ".", w.visit); err != nil {
		return State{}, fmt.Errorf("read knowledge folder %s: %w", f.name, err)
	}
	return w.now, nil
}

// ReadFolder reads every document of fsys at once, in the order of their paths, as
// [Folder] does; links of a real folder are not kept inside. A file that cannot be
// taken is among the refused with the reason, and the others are still read.
//
// The error is for a bad name, which becomes the documents' Source, and for a
// folder that cannot be read itself.
func ReadFolder(name string, fsys fs.FS) (docs []Document, refused []Refused, err error) {
	if err := CheckSource(name); err != nil {
		return nil, nil, fmt.Errorf("knowledge folder %q: %w", name, err)
	}
	w := walk{ctx: context.Background(), fsys: fsys, now: State{Marks: map[string]string{}}}
	w.put = func(f File) error {
		doc, err := Parse(name, f)
		if err != nil {
			refused = append(refused, Refuse(name, f.Path, err))
			return nil
		}
		docs = append(docs, doc)
		return nil
	}
	if err := fs.WalkDir(fsys, ".", w.visit); err != nil {
		return nil, nil, fmt.Errorf("read knowledge folder %s: %w", name, err)
	}
	return docs, refused, nil
}

// Refuse notes in printable form why a document was not taken.
func Refuse(source, name string, err error) Refused {
	quoted := strconv.Quote(name)
	return Refused{Source: source, Path: quoted[1 : len(quoted)-1], Reason: oneLine(plainCause(err).Error())}
}

// walk is one look at all files.
type walk struct {
	ctx  context.Context
	fsys fs.FS
	last State
	now  State
	put  func(File) error
}

// visit is a [fs.WalkDirFunc].
func (w *walk) visit(name string, entry fs.DirEntry, err error) error {
	switch {
	case w.ctx.Err() != nil:
		return w.ctx.Err()
	case name == ".":
		return err
	case strings.HasPrefix(path.Base(name), "."):
		return passOver(entry)
	case err != nil:
		if err := w.refuse(name, err); err != nil {
			return err
		}
		return passOver(entry)
	case !entry.IsDir():
		return w.take(name, entry)
	}
	return nil
}

func passOver(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

func (w *walk) take(name string, entry fs.DirEntry) error {
	if entry.Type()&fs.ModeSymlink != 0 {
		if err := w.checkLink(name); err != nil {
			return w.refuse(name, err)
		}
	}
	if !IsDocument(name) {
		return nil
	}
	if err := w.checkName(name); err != nil {
		return w.refuse(name, err)
	}
	content, updated, err := w.content(name)
	if err != nil {
		return w.refuse(name, err)
	}
	sum := sha256.Sum256(content)
	f := File{Path: norm.NFC.String(name), Content: content, UpdatedAt: updated, Mark: hex.EncodeToString(sum[:])}
	w.now.Marks[f.Path] = f.Mark
	if w.last.Marks[f.Path] == f.Mark {
		return nil
	}
	return w.put(f)
}

func (w *walk) checkName(name string) error {
	if err := checkPath(name); err != nil {
		return err
	}
	if _, taken := w.now.Marks[norm.NFC.String(name)]; taken {
		return errors.New("another file has this name, in another Unicode form")
	}
	return nil
}

func (w *walk) checkLink(name string) error {
	info, err := fs.Stat(w.fsys, name)
	if err != nil {
		return fmt.Errorf("the link cannot be followed: %w", plainCause(err))
	}
	if info.IsDir() {
		return errors.New("links to folders are not followed")
	}
	return nil
}

// content looks before it opens, since to open a pipe would wait for its writer.
func (w *walk) content(name string) ([]byte, time.Time, error) {
	info, err := fs.Stat(w.fsys, name)
	if err != nil {
		return nil, time.Time{}, err
	}
	if !info.Mode().IsRegular() {
		return nil, time.Time{}, errors.New("it is not a regular file")
	}
	file, err := w.fsys.Open(name)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, time.Time{}, err
	}
	if len(content) > MaxSize {
		return nil, time.Time{}, fmt.Errorf("it is larger than %d bytes", MaxSize)
	}
	return content, info.ModTime().UTC(), nil
}

// refuse names a file that cannot be read. What was read of it before stays.
func (w *walk) refuse(name string, err error) error {
	if mark, ok := w.last.Marks[name]; ok {
		w.now.Marks[name] = mark
	}
	return w.put(File{Path: name, Refused: plainCause(err).Error()})
}

// plainCause leaves out the path, which stands beside the reason anyway.
func plainCause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
