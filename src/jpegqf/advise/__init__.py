"""Records -> what they mean for somebody who must act: rules, and the rows they give."""
