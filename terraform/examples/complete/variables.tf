variable "region" {
  description = "AWS region."
  type        = string
  default     = "eu-west-2"
}

variable "environment" {
  description = "Goes into tags; everything but `production` only plans."
  type        = string
}

variable "image" {
  description = "The worker's image."
  type        = string
}

variable "canary_image" {
  description = "Another image for a tenth of the tasks; null for none."
  type        = string
  default     = null
}

variable "image_repository_arn" {
  description = "ECR repository of the images; null for a public one."
  type        = string
  default     = null
}

variable "cluster" {
  description = "ECS cluster with Container Insights."
  type = object({
    arn  = string
    name = string
  })
}

variable "vpc_id" {
  description = "VPC of the tasks."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "emails" {
  description = "Who hears of alarms."
  type        = set(string)
  default     = []
}

variable "group_name" {
  description = "The Auto Scaling group to tag."
  type        = string
}
