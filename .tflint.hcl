# Every rule about the language. What AWS accepts is the provider's affair: `terraform validate`.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
