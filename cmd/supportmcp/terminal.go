package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"supportmcp/internal/fault"
)

// terminal is the person at the keyboard. What is asked and answered there passes
// neither through standard input nor through standard output.
type terminal interface {
	// ask gives the answer to a question, without its line break.
	ask(question string) (string, error)
	// secret gives an answer that is not shown while it is typed.
	secret(question string) ([]byte, error)
	close()
}

// console is the terminal of this process.
type console struct{ in, out *os.File }

// openTerminal opens the terminal that the process was started from, whatever its
// standard input and output are. Without one it is fault.Refused.
func openTerminal() (terminal, error) {
	in, out := "/dev/tty", "/dev/tty"
	if runtime.GOOS == "windows" {
		in, out = "CONIN$", "CONOUT$"
	}
	var c console
	var err error
	if c.in, err = os.OpenFile(in, os.O_RDWR, 0); err != nil {
		return nil, noTerminal()
	}
	if c.out, err = os.OpenFile(out, os.O_RDWR, 0); err != nil {
		return nil, errors.Join(noTerminal(), c.in.Close())
	}
	return c, nil
}

func noTerminal() error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: "there is no terminal to ask for a passphrase and a confirmation",
		NextStep: "type the command at a terminal, or sign the statement with ssh-keygen -Y sign and give --signature",
	}
}

func (c console) ask(question string) (string, error) {
	fmt.Fprint(c.out, question)
	line, err := bufio.NewReader(c.in).ReadString('\n')
	return strings.TrimSpace(line), err
}

func (c console) secret(question string) ([]byte, error) {
	fmt.Fprint(c.out, question)
	defer fmt.Fprintln(c.out)
	return term.ReadPassword(int(c.in.Fd()))
}

func (c console) close() { _ = errors.Join(c.in.Close(), c.out.Close()) }
