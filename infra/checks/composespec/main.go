// Loads a compose file the way `docker compose` does, by the compose specification's own library: its schema, merges,
// interpolation, references between services, networks, volumes and secrets. Prints the project as JSON.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if len(os.Args) != 2 {
		fail(fmt.Errorf("usage: composespec FILE"))
	}
	options, err := cli.NewProjectOptions(
		os.Args[1:],
		cli.WithProfiles([]string{"*"}), // all of them
		cli.WithResolvedPaths(true),
		cli.WithConsistency(true),
	)
	if err != nil {
		fail(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		fail(err)
	}
	json, err := project.MarshalJSON()
	if err != nil {
		fail(err)
	}
	os.Stdout.Write(json)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
