"""Where people look at a proposal and agree to it: GitHub and GitLab, by REST."""
