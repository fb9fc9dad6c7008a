// aws-sdk-go-v2 alone: BENCH_CONSUMERS goroutines, each receives ten and deletes ten.
// Names: bench/clients.py.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var written = regexp.MustCompile(`t=(\d{19})`)

const clockMonotonic = 1 // Linux

func now() int64 {
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

func handle(body string, stamp bool) {
	if !stamp {
		return
	}
	at := now()
	if found := written.FindStringSubmatch(body); found != nil {
		sent, _ := strconv.ParseInt(found[1], 10, 64)
		fmt.Println(at - sent)
	}
	fmt.Println("end", now())
}

func loop(client *sqs.Client, queue *string, stamp bool) error {
	for {
		answer, err := client.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{
			QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 20})
		if err != nil {
			return err
		}
		if len(answer.Messages) == 0 {
			continue
		}
		entries := make([]types.DeleteMessageBatchRequestEntry, len(answer.Messages))
		for i, message := range answer.Messages {
			handle(*message.Body, stamp)
			entries[i] = types.DeleteMessageBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: message.ReceiptHandle}
		}
		if _, err = client.DeleteMessageBatch(context.Background(),
			&sqs.DeleteMessageBatchInput{QueueUrl: queue, Entries: entries}); err != nil {
			return err
		}
	}
}

func main() {
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := sqs.NewFromConfig(settings)
	loops, err := strconv.Atoi(os.Getenv("BENCH_CONSUMERS"))
	if err != nil {
		log.Fatal("BENCH_CONSUMERS: ", err)
	}
	queue := os.Getenv("BENCH_QUEUE_URL")
	_, stamp := os.LookupEnv("BENCH_STAMP")
	failed := make(chan error)
	for range loops {
		go func() { failed <- loop(client, &queue, stamp) }()
	}
	log.Fatal(<-failed)
}
