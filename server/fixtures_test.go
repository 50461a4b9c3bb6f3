package server

import (
	"context"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"supportmcp/internal/access"
	"supportmcp/internal/prompts"
	"supportmcp/resources"
	"supportmcp/tools"
)

var fixtures = flag.Bool("fixtures", false, "serve what the official conformance suite asks for, until standard input ends")

// suiteServer is a server behind our own edge that has what the official
// conformance suite calls, reads and gets
// (https://github.com/modelcontextprotocol/conformance).
func suiteServer(t *testing.T) *Server {
	t.Helper()
	s, err := New(Config{Version: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range suiteContents() {
		s.mcp.AddTool(mcp.NewTool(name, mcp.WithDescription("Answers with content for the conformance suite.")),
			func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{Content: content, IsError: name == "test_error_handling"}, nil
			})
	}
	s.mcp.AddTool(mcp.NewTool("test_tool_with_progress", mcp.WithDescription("Tells how far it is, three times.")), s.progress)
	s.suiteResources()
	s.suitePrompts()
	s.suiteQuestions()
	s.suiteScopes()
	return s
}

// suiteScopes lets callers see what the suite asks for, none of which is of ours.
func (s *Server) suiteScopes() {
	for name := range s.mcp.ListTools() {
		s.published.tools[name] = tools.Tool{Spec: tools.Spec{Name: name, Scopes: access.All()}}
		for _, prompt := range suitePromptNames() {
			s.published.prompts[prompt] = prompts.Prompt{Name: prompt, Needs: name}
		}
	}
	s.opens([]resources.Resource{{URI: "test://{id}", Scopes: access.All()}})
}

func suitePromptNames() []string {
	return []string{"test_simple_prompt", "test_prompt_with_arguments", "test_prompt_with_embedded_resource", "test_prompt_with_image", "test_input_required_result_prompt"}
}

func text(s string) mcp.Content { return mcp.TextContent{Type: "text", Text: s} }

// pixel is an image, and silence a sound.
func pixel() mcp.Content {
	return mcp.NewImageContent("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==", "image/png")
}

func silence() mcp.Content {
	return mcp.NewAudioContent(base64.StdEncoding.EncodeToString([]byte("RIFF\x24\x00\x00\x00WAVEfmt ")), "audio/wav")
}

func embedded(uri, mime, content string) mcp.Content {
	return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: uri, MIMEType: mime, Text: content})
}

func suiteContents() map[string][]mcp.Content {
	return map[string][]mcp.Content{
		"test_simple_text":            {text("This is a simple text response for testing.")},
		"test_image_content":          {pixel()},
		"test_audio_content":          {silence()},
		"test_embedded_resource":      {embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")},
		"test_multiple_content_types": {text("Multiple content types test:"), pixel(), embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)},
		"test_logging_tool":           {text("This server sends no log to clients.")},
		"test_error_handling":         {text("This tool intentionally returns an error for testing")},
	}
}

// progress leaves mcp-go time after each notification: it drops those that are not
// written yet when the answer is.
func (s *Server) progress(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if req.Params.Meta != nil && req.Params.Meta.ProgressToken != nil {
		for _, done := range []int{0, 50, 100} {
			told := map[string]any{"progressToken": req.Params.Meta.ProgressToken, "progress": done, "total": 100}
			if err := s.mcp.SendNotificationToClient(ctx, string(mcp.MethodNotificationProgress), told); err != nil {
				return nil, err
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return &mcp.CallToolResult{Content: []mcp.Content{text("Progress was told.")}}, nil
}

func (s *Server) suiteResources() {
	add := func(uri, mime string, content mcp.ResourceContents) {
		s.mcp.AddResource(mcp.NewResource(uri, uri, mcp.WithResourceDescription("For the conformance suite."), mcp.WithMIMEType(mime)),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return []mcp.ResourceContents{content}, nil
			})
	}
	add("test://static-text", "text/plain", mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."})
	add("test://static-binary", "image/png", mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: "iVBORw0KGgo="})
	s.mcp.AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateDescription("For the conformance suite."), mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.Split(req.Params.URI, "/")[3]
			return []mcp.ResourceContents{mcp.TextResourceContents{
				URI: req.Params.URI, MIMEType: "application/json", Text: fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id),
			}}, nil
		})
}

func (s *Server) suitePrompts() {
	add := func(name string, arguments []string, say func(given map[string]string) []mcp.Content) {
		p := mcp.NewPrompt(name, mcp.WithPromptDescription("For the conformance suite."))
		for _, a := range arguments {
			mcp.WithArgument(a, mcp.ArgumentDescription("An argument."), mcp.RequiredArgument())(&p)
		}
		s.mcp.AddPrompt(p, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			var out mcp.GetPromptResult
			for _, c := range say(req.Params.Arguments) {
				out.Messages = append(out.Messages, mcp.PromptMessage{Role: mcp.RoleUser, Content: c})
			}
			return &out, nil
		})
	}
	add("test_simple_prompt", nil, func(map[string]string) []mcp.Content {
		return []mcp.Content{text("This is a simple prompt for testing.")}
	})
	add("test_prompt_with_arguments", []string{"arg1", "arg2"}, func(given map[string]string) []mcp.Content {
		return []mcp.Content{text(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", given["arg1"], given["arg2"]))}
	})
	add("test_prompt_with_embedded_resource", []string{"resourceUri"}, func(given map[string]string) []mcp.Content {
		return []mcp.Content{embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing."), text("Please process the embedded resource above.")}
	})
	add("test_prompt_with_image", nil, func(map[string]string) []mcp.Content {
		return []mcp.Content{pixel(), text("Please analyze the image above.")}
	})
}

// serveSuite serves at a free port of this machine.
func serveSuite(t *testing.T) (url string, stop func()) {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	s := suiteServer(t)
	go func() { done <- s.ServeHTTP(ctx, l, HTTP{}) }()
	return "http://" + l.Addr().String() + Endpoint, func() {
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// What is told while a call is under way comes before its answer, in both eras, and
// through our own edge.
func TestProgressComesThroughTheEdgeBeforeTheAnswer(t *testing.T) {
	url, stop := serveSuite(t)
	defer stop()
	if *fixtures {
		fmt.Fprintln(os.Stderr, "serving at url="+url)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"test_tool_with_progress","arguments":{},"_meta":{"progressToken":7%s}}}`
	for version, more := range map[string]string{
		"2025-11-25": ``,
		"2026-07-28": `,"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(fmt.Sprintf(call, more)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Mcp-Protocol-Version": {version}}
		if more != "" {
			r.Header.Set("Mcp-Method", "tools/call")
			r.Header.Set("Mcp-Name", "test_tool_with_progress")
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		told, answered := strings.Count(string(body), `"progressToken":7`), strings.Index(string(body), `"result"`)
		if err != nil || told != 3 || answered < strings.LastIndex(string(body), `"progressToken":7`) {
			t.Errorf("%s: %d %s, %v", version, res.StatusCode, body, err)
		}
	}
}
