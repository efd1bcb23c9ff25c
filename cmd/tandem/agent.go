package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-dev/tandem/session/agent/image"
)

func newAgent() *cobra.Command {
	var insecure bool
	push := &cobra.Command{
		Use:   "push REF",
		Short: "Build the agent's image and push it to a registry that the cluster's nodes can pull from",
		Long: "Builds the image of the agents that this binary holds, for linux/amd64 and linux/arm64, and pushes it as\n" +
			"REF. No Docker is needed; credentials are those of `docker login`. Prints the reference with its digest.",
		Example: "  export TANDEM_AGENT_IMAGE=$(tandem agent image push registry.example.com/team/tandem-agent:1)",
		Args:    wrongArgs(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := image.Push(cmd.Context(), args[0], image.PushOptions{Version: version, Insecure: insecure})
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), ref)
			return nil
		},
	}
	push.Flags().BoolVar(&insecure, "insecure", false, "allow plain HTTP (always allowed for localhost)")
	images := &cobra.Command{Use: "image", Short: "The image that brings the agent into the dev container"}
	onlyVerbs(images)
	images.AddCommand(push)
	agent := &cobra.Command{Use: "agent", Short: "Prepare the agent, the program that runs in the dev container"}
	onlyVerbs(agent)
	agent.AddCommand(images)
	return agent
}
