// The benchmark's workflow on Go's SDK: five echo activities.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func echo(_ context.Context, text string) (string, error) { return text, nil }

func bench(ctx workflow.Context, text string) (string, error) {
	options := workflow.ActivityOptions{StartToCloseTimeout: 30 * time.Second}
	ctx = workflow.WithActivityOptions(ctx, options)
	for range 5 {
		if err := workflow.ExecuteActivity(ctx, "echo", text).Get(ctx, &text); err != nil {
			return "", err
		}
	}
	return text, nil
}

func main() {
	connection, err := client.Dial(client.Options{HostPort: os.Getenv("TEMPORAL_ADDRESS")})
	if err != nil {
		log.Fatal(err)
	}
	w := worker.New(connection, os.Getenv("BENCH_QUEUE"), worker.Options{})
	w.RegisterWorkflowWithOptions(bench, workflow.RegisterOptions{Name: "bench"})
	w.RegisterActivityWithOptions(echo, activity.RegisterOptions{Name: "echo"})
	if err := w.Run(worker.InterruptCh()); err != nil {
		log.Fatal(err)
	}
}
