package knowledge

import (
	"errors"
	"path"
	"strings"

	htmltomarkdown "github.com/JohannesKaufmann/html-to-markdown/v2"
)

// markdown is the text of a file; HTML is turned into Markdown, without scripts,
// styles and whatever else is not text.
func markdown(name string, content []byte) (string, error) {
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm":
	default:
		return string(content), nil
	}
	text, err := htmltomarkdown.ConvertString(string(content))
	if err != nil {
		return "", errors.New("the HTML cannot be read")
	}
	return text, nil
}
