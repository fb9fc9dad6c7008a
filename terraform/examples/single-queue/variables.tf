variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-west-2"
}

variable "image" {
  description = "The worker's image, in a public repository."
  type        = string
}

variable "cluster" {
  description = "ECS cluster."
  type = object({
    arn  = string
    name = string
  })
}

variable "vpc_id" {
  description = "VPC of the task."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the task."
  type        = list(string)
}

variable "topic_kms_key_id" {
  description = "Key of the topic, which must allow cloudwatch.amazonaws.com; null for none."
  type        = string
  default     = null
}
