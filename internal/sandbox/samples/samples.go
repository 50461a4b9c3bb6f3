// Package samples owns what the demo company Northwind Notes, a note-taking
// service, has written down. It holds files and no behaviour, and nothing in it
// is about real people.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed knowledge/*.md
var files embed.FS

// Knowledge is the folder of Northwind's support documents.
func Knowledge() fs.FS {
	folder, err := fs.Sub(files, "knowledge")
	if err != nil {
		panic(err) // only a malformed path fails, and this one is fixed
	}
	return folder
}
