# sources of policies/
