"""The training loop: any learner is taken to its end, through breaks, kills and too little memory."""
