package main

import (
	"github.com/spf13/cobra"
)

func suggestCommand(w world) *cobra.Command {
	_ = w
	return &cobra.Command{Use: "suggest"}
}
