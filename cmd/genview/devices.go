package main

import (
	"encoding/json"
	"fmt"

	"genview/vk"

	"github.com/spf13/cobra"
)

type deviceLine struct {
	vk.Info
	Kernels string `json:"kernels"` // the family that runs on it
}

func (a *app) devices() *cobra.Command {
	c := &cobra.Command{
		Use:         "devices",
		Annotations: doing("asking the drivers"),
		Short:       "List every Vulkan device",
		Args:        args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			infos, err := vk.Devices()
			if err != nil {
				return err
			}
			lines := []deviceLine{}
			for _, i := range infos {
				family := "gpu"
				if i.Lavapipe {
					family = "lavapipe"
				}
				if !i.Compute {
					family = "none"
				}
				lines = append(lines, deviceLine{i, family})
			}
			if a.json {
				return json.NewEncoder(a.out).Encode(lines)
			}
			for _, l := range lines {
				fmt.Fprintf(a.out, "%d  %s\n   class %s (%s), Vulkan %s, driver %s\n   %s of memory, subgroups of %d, kernels: %s\n",
					l.Index, l.Name, l.Class, l.Type, l.API, l.Driver, vk.Bytes(l.HeapBytes), l.SubgroupSize, l.Kernels)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}
